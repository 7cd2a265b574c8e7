/** The list or board that somebody came from, and what stands before and after an issue there. */

import { createSubscriber } from 'svelte/reactivity';
import { keys, queryClient } from '$lib/api/queries';
import { readStored, writeStored } from '$lib/state/stored';
import type { ListData } from './list.svelte';

interface Origin {
  /** The address that shows it again. */
  href: string;
  /** The keys of its lists: one, or the columns of a board. */
  lists: readonly (readonly unknown[])[];
}

/** What a reloaded page still knows of it: the address, and the issues around the last one. */
interface Kept {
  href: string;
  order: readonly string[];
}

const KEPT = 'came-from';
/** How many issues are kept before and after the one that is shown. */
const AROUND = 200;

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
export const cameFrom = (): string | null => from?.href ?? kept()?.href ?? null;

const kept = () => readStored<Kept | null>(KEPT, null, 'session');

export interface Neighbours {
  previous: string | null;
  next: string | null;
}

/** Return the neighbours of an issue where one came from; null where it has no place there. */
export function neighboursOf(key: string): Neighbours | null {
  follow();
  const order = orderAround(key);
  if (!order) return null;
  const place = order.indexOf(key);
  return { previous: order[place - 1] ?? null, next: order[place + 1] ?? null };
}

/** Let the place of an issue outlive the page, and a list that is no longer here. */
export function keepPlace(key: string): void {
  const order = orderAround(key);
  const href = cameFrom();
  if (!order || href === null) return;
  const place = order.indexOf(key);
  const around = order.slice(Math.max(0, place - AROUND), place + AROUND + 1);
  writeStored(KEPT, { href, order: around } satisfies Kept, 'session');
}

/** Return the issues of the list that has this one, in their order. */
function orderAround(key: string): readonly string[] | undefined {
  const lists = (from?.lists ?? []).map((list) =>
    (queryClient.getQueryData<ListData>(list)?.pages ?? []).flatMap(({ items }) =>
      items.map((row) => row.key),
    ),
  );
  const has = (order: readonly string[]) => order.includes(key);
  return lists.find(has) ?? [kept()?.order ?? []].find(has);
}
