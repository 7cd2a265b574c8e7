/** What has happened to a list of the present since it was read: what came into it, what left it. */

import { SvelteMap, SvelteSet } from 'svelte/reactivity';

export interface Since {
  /** Issues that have come into it: shown once the reader asks for them. */
  readonly fresh: SvelteSet<string>;
  /** Rows that are no longer of it: they stay where they are until then. */
  readonly left: SvelteSet<string>;
}

const lists = new SvelteMap<string, Since>();

/** Return what has happened to the list of `q`. */
export function sinceRead(q: string): Since {
  return lists.get(q) ?? NOTHING;
}

const NOTHING: Since = { fresh: new SvelteSet(), left: new SvelteSet() };

/** The first page of `q` has come from the server: nothing has happened to it yet. */
export function wasRead(q: string): void {
  lists.delete(q);
}

/** Of some issues that have changed: whether each is in the list now, and whether it has a row. */
export function happened(
  q: string,
  changed: Iterable<string>,
  fits: (key: string) => boolean,
  hasRow: (key: string) => boolean,
): void {
  const since = lists.get(q) ?? { fresh: new SvelteSet<string>(), left: new SvelteSet<string>() };
  for (const key of changed) {
    const isIn = fits(key);
    const isShown = hasRow(key);
    since.fresh.delete(key);
    since.left.delete(key);
    if (isIn && !isShown) since.fresh.add(key);
    if (!isIn && isShown) since.left.add(key);
  }
  lists.set(q, since);
}
