/** What one can tell of an API token from its instants, and how long a new one is good for. */

import type { Me, Token, TokenScope } from '$lib/api/types';

const SCOPES: readonly TokenScope[] = ['read', 'write', 'admin'];

/** How many days a new token is good for, as offered. */
export const PRESETS = [7, 30, 90, 365] as const;

/** The scopes somebody of that role can give. */
export function scopesOf(role: Me['role']): TokenScope[] {
  return SCOPES.filter((scope) => scope !== 'admin' || role === 'admin');
}

/** Whether a token is taken, and why not. One that was revoked stays so when its end comes. */
export function stateOf(
  { revoked_at, expires_at }: Pick<Token, 'revoked_at' | 'expires_at'>,
  now: Date,
): 'in-force' | 'expired' | 'revoked' {
  if (revoked_at !== null) return 'revoked';
  return new Date(expires_at) <= now ? 'expired' : 'in-force';
}

/** How many days one day (`2026-12-24`) is after another; not a number for what is no day. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}
