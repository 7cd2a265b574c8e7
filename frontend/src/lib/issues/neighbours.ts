/** The list that somebody came from, and what stands before and after an issue in it. */

import { keys, queryClient } from '$lib/api/queries';
import type { ListData } from './list.svelte';

let from: { q: string; asOf: string | null } | null = null;

/** Say which list is being looked at. */
export function remember(q: string, asOf: string | null): void {
  from = { q, asOf };
}

/** The filter of the list one came from. */
export function cameFrom(): string {
  return from?.q ?? '';
}

export interface Neighbours {
  previous: string | null;
  next: string | null;
  place: number;
}

/** Return the neighbours of an issue in that list; null where it is not one of its rows. */
export function neighboursOf(key: string): Neighbours | null {
  if (!from) return null;
  const list = queryClient.getQueryData<ListData>(keys.list(from.q, from.asOf));
  const rows = list?.pages.flatMap((page) => page.items) ?? [];
  const place = rows.findIndex((row) => row.key === key);
  if (place < 0) return null;
  return {
    previous: rows[place - 1]?.key ?? null,
    next: rows[place + 1]?.key ?? null,
    place,
  };
}
