/**
 * Which statuses an issue can go to; as `MOVES` of plugins/issues/policy.py, which decides. Here it
 * only spares people a move that would be refused.
 */

import type { Severity, Status } from '$lib/api/types';

export const STATUSES: readonly Status[] = ['open', 'triaged', 'in_progress', 'done'];
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low'];
export const RESOLUTIONS = ['fixed', 'duplicate', 'declined', 'invalid'] as const;

/** What is done is reopened first. */
export function canMove(from: Status, to: Status): boolean {
  return from !== to && !(from === 'done' && to === 'in_progress');
}
