/** Moving an issue: at once on the board, then on the server; back again where that refuses. */

import { asApiError } from '$lib/api/problem';
import { keys, queryClient } from '$lib/api/queries';
import type { IssueChange, IssueItem, IssuePage } from '$lib/api/types';
import { fetchIssue, patch } from '$lib/issue/change';
import { patchLists } from '$lib/issues/list.svelte';
import type { ColumnData } from './column.svelte';
import { filterAt, placeOf, type Place } from './place';

const TRIES = 3;

/** Somebody else moved the issue meanwhile. */
export class MovedElsewhere extends Error {}

/**
 * Move an issue on the board of the filter `q`; returns the change-set that undoes it.
 * Throws `ApiError` for a refusal, and `MovedElsewhere`; the board then shows what it showed before.
 */
export async function move(q: string, issue: IssueItem, to: Place): Promise<string | null> {
  const lanes = to.severity !== undefined;
  const from = keys.column(filterAt(q, placeOf(issue, lanes)), null);
  const there = keys.column(filterAt(q, to), null);
  await Promise.all([
    queryClient.cancelQueries({ queryKey: from }),
    queryClient.cancelQueries({ queryKey: there }),
  ]);
  const before = [from, there].map(
    (key) => [key, queryClient.getQueryData<ColumnData>(key)] as const,
  );
  const shown: IssueItem = { ...issue, ...to };
  queryClient.setQueryData<ColumnData>(from, (column) => column && taken(column, issue.key));
  queryClient.setQueryData<ColumnData>(there, (column) => column && put(column, shown));
  try {
    const { body, changeSet } = await send(issue, change(issue, to));
    patchLists(body);
    queryClient.setQueryData(keys.issue(issue.key, null), body);
    // Other lists ask again when they are next looked at; the board shows this already.
    void queryClient.invalidateQueries({ queryKey: keys.lists, refetchType: 'none' });
    void queryClient.invalidateQueries({ queryKey: keys.counted });
    void queryClient.invalidateQueries({ queryKey: keys.events(issue.key) });
    return changeSet;
  } catch (error) {
    for (const [key, column] of before) queryClient.setQueryData(key, column);
    throw error;
  }
}

function change(issue: IssueItem, to: Place): IssueChange {
  return {
    ...(to.status === issue.status ? {} : { status: to.status }),
    ...(to.severity === undefined || to.severity === issue.severity
      ? {}
      : { severity: to.severity }),
  };
}

async function send(issue: IssueItem, wanted: IssueChange) {
  let { key, version } = issue;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await patch({ key, version }, wanted);
    } catch (error) {
      if (!asApiError(error).isStale || attempt === TRIES) throw error;
    }
    const theirs = await fetchIssue(key);
    if (theirs.status !== issue.status || theirs.severity !== issue.severity)
      throw new MovedElsewhere();
    ({ key, version } = theirs);
  }
}

/** Return the column without an issue. */
export function taken(column: ColumnData, key: string): ColumnData {
  const has = column.pages.some(({ items }) => items.some((item) => item.key === key));
  return has ? withPages(column, -1, (items) => items.filter((item) => item.key !== key)) : column;
}

/** Return the column with an issue on top: it is the one changed last. */
export function put(column: ColumnData, issue: IssueItem): ColumnData {
  return withPages(taken(column, issue.key), 1, (items, page) =>
    page === 0 ? [issue, ...items] : items,
  );
}

function withPages(
  column: ColumnData,
  more: number,
  items: (items: IssuePage['items'], page: number) => IssuePage['items'],
): ColumnData {
  const pages = column.pages.map((page, place) => ({
    ...page,
    total: page.total + more,
    items: items(page.items, place),
  }));
  return { ...column, pages };
}
