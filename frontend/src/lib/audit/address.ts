/**
 * Which entries of the audit log are shown is in the address: `?kind=role&actor=7&from=2026-11-01&to=…`.
 * Days there are whole days of the instance's time zone, both ends included.
 */

import { isDay, shifted } from '$lib/rewind/moments';
import type { AuditKind } from '$lib/api/types';

export const KINDS = [
  'sign-in',
  'role',
  'person',
  'token',
  'export',
  'deletion',
  'project',
  'view',
  'issue',
  'other',
] as const satisfies readonly AuditKind[];

export interface Wanted {
  kind: AuditKind | null;
  actor: number | null;
  from: string | null;
  to: string | null;
}

const ID = /^[1-9]\d{0,14}$/;

/** Return what an address asks for; what makes no sense in it is left out. */
export function wantedBy(query: URLSearchParams): Wanted {
  const [kind, actor] = [query.get('kind'), query.get('actor')];
  return {
    kind: KINDS.find((one) => one === kind) ?? null,
    actor: actor !== null && ID.test(actor) ? Number(actor) : null,
    from: dayIn(query.get('from')),
    to: dayIn(query.get('to')),
  };
}

const dayIn = (text: string | null): string | null => (text !== null && isDay(text) ? text : null);

/** Return the conditions as the API takes them: from an instant up to, and without, another. */
export function conditions({ kind, actor, from, to }: Wanted, timeZone: string) {
  return {
    ...(kind === null ? {} : { kind }),
    ...(actor === null ? {} : { actor }),
    ...(from === null ? {} : { from: beginningOf(from, timeZone) }),
    ...(to === null ? {} : { to: beginningOf(shifted(to, 1), timeZone) }),
  };
}

/** Return the instant at which a day begins in a time zone. */
export function beginningOf(day: string, timeZone: string): string {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const clock = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  /** How far the clocks of the zone are ahead of UTC at an instant. */
  const ahead = (instant: number) =>
    Date.parse(`${clock.format(instant).replace(' ', 'T')}Z`) - instant;
  // Clocks may be changed between midnight there and midnight in UTC.
  const near = midnight - ahead(midnight);
  return new Date(midnight - ahead(near)).toISOString();
}
