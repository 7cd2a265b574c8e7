/**
 * What a change does to what is on the screen: rows are brought up to date where they stand, the page
 * of an issue is read again. Nothing moves; what would have to is left to the reader ("3 new").
 */

import { answer, api } from '$lib/api/client';
import { ApiError } from '$lib/api/problem';
import { isLeaving, keys, queryClient } from '$lib/api/queries';
import type { IssueItem } from '$lib/api/types';
import { narrowed, sortOf } from '$lib/filter/terms';
import { patchLists, type ListData } from '$lib/issues/list.svelte';
import { happened } from '$lib/issues/since.svelte';
import type { Change } from './live.svelte';

/** Changes that come together are read together. */
const GATHER_MS = 400;
const AGAIN_MS = 5000;
/** More at once (an import, a large bulk change) are not looked at one by one. */
const MOST = 80;

/** Gather changes, and carry them out. */
export function createCatchUp() {
  /** By key, whether the issue is still there for us. */
  let waiting = new Map<string, boolean>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function take(change: Change): void {
    waiting.set(change.key, change.match !== 'gone');
    timer ??= setTimeout(() => void work(), GATHER_MS);
  }

  async function work(): Promise<void> {
    timer = undefined;
    const batch = waiting;
    waiting = new Map();
    try {
      await carryOut(batch);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The network is away, and these will not be told again: kept until they can be read.
      waiting = new Map([...batch, ...waiting]);
      timer ??= setTimeout(() => void work(), AGAIN_MS);
    }
  }

  return { take, stop: () => clearTimeout(timer) };
}

/** Read again whatever was read before `instant` (ms), or is being read. */
export function readAgain(instant = Infinity): void {
  void queryClient.invalidateQueries({
    predicate: ({ queryKey, state: { dataUpdatedAt, fetchStatus } }) =>
      queryKey[0] !== keys.me[0] &&
      !isLeaving(queryKey) &&
      (fetchStatus === 'fetching' || (dataUpdatedAt > 0 && dataUpdatedAt < instant)),
  });
}

async function carryOut(batch: Map<string, boolean>): Promise<void> {
  void queryClient.invalidateQueries({ queryKey: ['counts'] });
  if (batch.size > MOST) {
    readAgain();
    return;
  }
  // Cards come and go: a board shows where everything stands.
  void queryClient.invalidateQueries({
    queryKey: keys.lists,
    predicate: ({ queryKey }) => queryKey[2] === null && queryKey[3] === 'column',
  });
  void queryClient.invalidateQueries({
    queryKey: ['issue'],
    predicate: ({ queryKey }) => batch.has(String(queryKey[1])) && !isLeaving(queryKey),
  });
  await Promise.all(shownLists().map((q) => refresh(q, batch)));
}

/** The filters whose lists of the present are on the screen. */
function shownLists(): string[] {
  return queryClient
    .getQueryCache()
    .findAll({ queryKey: keys.lists, type: 'active' })
    .filter(({ queryKey }) => queryKey.length === 3 && queryKey[2] === null)
    .map(({ queryKey }) => String(queryKey[1]));
}

async function refresh(q: string, batch: Map<string, boolean>): Promise<void> {
  const list = queryClient.getQueryData<ListData>(keys.list(q, null));
  if (!list?.pages) return;
  const readAt = queryClient.getQueryState(keys.list(q, null))?.dataUpdatedAt ?? 0;
  const shown = new Set(list.pages.flatMap(({ items }) => items.map(({ key }) => key)));
  const there = [...batch].filter(([, isThere]) => isThere).map(([key]) => key);
  const rows = await select(q, there);
  if (shown.size === 0) {
    // In an empty list there is nobody to disturb.
    if (rows.length > 0)
      await queryClient.invalidateQueries({ queryKey: keys.list(q, null), exact: true });
    return;
  }
  const fitting = new Map(rows.map((row) => [row.key, row]));
  // Rows that no longer fit stay, with what is true of them now.
  const astray = there.filter((key) => shown.has(key) && !fitting.has(key));
  for (const row of [...rows, ...(await select('', astray))]) patchLists(row);
  // Of a list that is not here to its end, an issue without a row may only stand further down.
  const isWhole = list.pages.at(-1)?.next === null;
  const byChange = sortOf(q).by === 'updated';
  happened(
    q,
    batch.keys(),
    (key) => {
      const row = fitting.get(key);
      if (!row) return false;
      return isWhole || byChange || shown.has(key) || Date.parse(row.created_at) > readAt - 60_000;
    },
    (key) => shown.has(key),
  );
}

/** Read those of some issues that `q` selects. Throws `ApiError`. */
async function select(q: string, among: string[]): Promise<IssueItem[]> {
  if (among.length === 0) return [];
  const page = await answer(
    api.GET('/api/v1/issues', { params: { query: { q: narrowed(q, among), limit: 100 } } }),
  );
  return page.items;
}
