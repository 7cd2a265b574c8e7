/** A place on the board: a status and, in lanes, a severity; and what may go where. */

import { keys } from '$lib/api/queries';
import type { IssueItem, Severity, Status } from '$lib/api/types';
import { chips, joined } from '$lib/filter/chips';
import { terms, without } from '$lib/filter/terms';
import type { CanMove } from '$lib/issue/moves.svelte';
import { SEVERITIES, STATUSES } from '$lib/issue/values';

/** `severity` is left out where the board has no lanes; null is the lane of those without one. */
export interface Place {
  status: Status;
  severity?: Severity | null;
}

/** Return the filter of what stands at a place, of all that `q` selects. */
export function filterAt(q: string, { status, severity }: Place): string {
  const rest = without(q, ({ field }) => field === 'sort');
  const order = terms(q)
    .filter(({ field }) => field === 'sort')
    .map(({ start, end }) => q.slice(start, end));
  // OR is weaker than what stands side by side.
  const group = chips(rest).some(({ kind }) => kind === 'or') ? `(${rest})` : rest;
  const lane = severity === undefined ? '' : `severity:${severity ?? 'none'}`;
  return joined(group, `status:${status}`, lane, ...order);
}

/** Return every place of a board, with lanes or without. */
export function places(lanes: boolean): Place[] {
  if (!lanes) return STATUSES.map((status) => ({ status }));
  return [...SEVERITIES, null].flatMap((severity) =>
    STATUSES.map((status) => ({ status, severity })),
  );
}

/** Return the keys of all lists of the board of a filter. */
export const columnsOf = (q: string, asOf: string | null, lanes: boolean) =>
  places(lanes).map((place) => keys.column(filterAt(q, place), asOf));

/** Return where an issue stands, on a board with lanes or without. */
export function placeOf(issue: IssueItem, lanes: boolean): Place {
  return lanes ? { status: issue.status, severity: issue.severity } : { status: issue.status };
}

export function isSame(a: Place, b: Place): boolean {
  return a.status === b.status && a.severity === b.severity;
}

/** Return whether an issue may go to a place; where it stands already, it may. */
export function mayGo(issue: IssueItem, to: Place, canMove: CanMove): boolean {
  return issue.status === to.status || canMove(issue.status, to.status);
}
