/**
 * The issues behind a number: the filter and the instant whose list has exactly so many. `q` is the
 * filter of the page, `asOf` the instant it looks at (null is now).
 */

import type { DayCounts, FlowRow, Severity, Status } from '$lib/api/types';
import { restricted } from '$lib/filter/terms';

export interface Behind {
  q: string;
  asOf: string | null;
}

/** What is not done. */
export const behindOpen = (q: string, asOf: string | null): Behind => ({
  q: restricted(q, 'is:open'),
  asOf,
});

/** What is not done and of that severity. */
export const behindSeverity = (
  q: string,
  asOf: string | null,
  severity: Severity | 'none',
): Behind => ({ q: restricted(q, `is:open severity:${severity}`), asOf });

/** What stood at a status at the end of a day; of the day under way, what stands there. */
export const behindStatus = (
  q: string,
  asOf: string | null,
  { day, so_far }: Pick<DayCounts, 'day' | 'so_far'>,
  status: Status,
): Behind => ({ q: restricted(q, `status:${status}`), asOf: so_far ? asOf : day });

/** What came, or was done, from one day to another. */
export const behindFlow = (
  q: string,
  asOf: string | null,
  { from, to }: Pick<FlowRow, 'from' | 'to'>,
  kind: 'created' | 'resolved',
): Behind => {
  const days = from === to ? from : `${from}..${to}`;
  return { q: restricted(q, `${kind === 'created' ? 'created' : 'closed'}:${days}`), asOf };
};
