/** The list or board that somebody came from, and what stands before and after an issue there. */

import { createSubscriber } from 'svelte/reactivity';
import { keys, queryClient } from '$lib/api/queries';
import type { ListData } from './list.svelte';

interface Origin {
  /** The address that shows it again. */
  href: string;
  /** The keys of its lists: one, or the columns of a board. */
  lists: readonly (readonly unknown[])[];
}

let from: Origin | null = null;

/** Lists grow as one goes through them. */
const follow = createSubscriber((update) =>
  queryClient.getQueryCache().subscribe(({ type, query }) => {
    if (type === 'updated' && query.queryKey[0] === keys.lists[0]) update();
  }),
);

/** Say what is being looked at. */
export function remember(origin: Origin): void {
  from = origin;
}

/** The address one came from; null where one came from outside. */
export const cameFrom = (): string | null => from?.href ?? null;

export interface Neighbours {
  previous: string | null;
  next: string | null;
}

/** Return the neighbours of an issue where one came from; null where it has no place there. */
export function neighboursOf(key: string): Neighbours | null {
  follow();
  for (const list of from?.lists ?? []) {
    const rows =
      queryClient.getQueryData<ListData>(list)?.pages.flatMap((page) => page.items) ?? [];
    const place = rows.findIndex((row) => row.key === key);
    if (place >= 0)
      return { previous: rows[place - 1]?.key ?? null, next: rows[place + 1]?.key ?? null };
  }
  return null;
}
