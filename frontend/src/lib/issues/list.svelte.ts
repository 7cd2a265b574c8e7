/** A list of issues by pages: rows are asked for by their place, pages are fetched as they come up. */

import {
  createInfiniteQuery,
  infiniteQueryOptions,
  type InfiniteData,
} from '@tanstack/svelte-query';
import { answer, api } from '$lib/api/client';
import { asApiError, type ApiError } from '$lib/api/problem';
import { keys, queryClient } from '$lib/api/queries';
import type { IssueItem, IssuePage } from '$lib/api/types';
import { liveState } from '$lib/live/live.svelte';
import { sinceRead, wasRead } from './since.svelte';

/** Every page but the last has this many, so that a row's page follows from its place. */
export const PAGE = 100;

export type ListData = InfiniteData<IssuePage>;

/** How the pages of a list are fetched. */
const pagesOf = (q: string, asOf: string | null) =>
  infiniteQueryOptions({
    queryKey: keys.list(q, asOf),
    queryFn: async ({ pageParam, signal }) => {
      const page = await answer(
        api.GET('/api/v1/issues', {
          params: {
            query: {
              q,
              limit: PAGE,
              ...(pageParam === null ? {} : { cursor: pageParam }),
              ...(asOf === null ? {} : { as_of: asOf }),
            },
          },
          signal,
        }),
      );
      if (pageParam === null && asOf === null) wasRead(q);
      return page;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last: IssuePage) => last.next,
    // Fetching all pages again would cost as many requests: who changes something says so.
    staleTime: 30_000,
  });

/** Ask for the first page of a list that will be shown. */
export function fetchAhead(q: string, asOf: string | null): void {
  void queryClient.prefetchInfiniteQuery(pagesOf(q, asOf));
}

/** Create the list of the issues that `q` selects, now (`asOf` null) or as of an instant. */
export function createIssueList(q: () => string, asOf: () => string | null) {
  const query = createInfiniteQuery(() => ({
    ...pagesOf(q(), asOf()),
    refetchOnWindowFocus: false,
    // What changed meanwhile comes with the stream, and moves nothing.
    refetchOnReconnect: ({ state }) => state.status === 'error' || liveState() === 'off',
  }));

  // While another filter loads, or cannot be read, the last list stays in view.
  let last = $state.raw<ListData>();
  $effect(() => {
    if (query.data) last = query.data;
  });
  const data = $derived<ListData | undefined>(query.data ?? last);
  const error = $derived<ApiError | null>(query.error ? asApiError(query.error) : null);

  return {
    get isEmpty() {
      return data?.pages[0]?.items.length === 0;
    },
    /** How many rows are here already. */
    get loaded() {
      const pages = data?.pages ?? [];
      return pages.length === 0 ? 0 : (pages.length - 1) * PAGE + (pages.at(-1)?.items.length ?? 0);
    },
    get total() {
      return data?.pages[0]?.total ?? null;
    },
    get isEstimate() {
      return data?.pages[0]?.total_is_estimate ?? false;
    },
    get hasMore() {
      return query.data ? query.hasNextPage : false;
    },
    /** Nothing is there to show yet. */
    get isLoading() {
      return data === undefined && query.isPending;
    },
    /** What is shown is of another filter. */
    get isOld() {
      return query.data === undefined && data !== undefined;
    },
    get isFetching() {
      return query.isFetching;
    },
    get error() {
      return error;
    },
    get moreFailed() {
      return query.isFetchNextPageError;
    },
    rowAt: (index: number): IssueItem | undefined =>
      data?.pages[Math.floor(index / PAGE)]?.items[index % PAGE],
    keyAt: (index: number): string | undefined =>
      data?.pages[Math.floor(index / PAGE)]?.items[index % PAGE]?.key,
    /** Every row that is here. */
    get rows(): IssueItem[] {
      return data?.pages.flatMap((page) => page.items) ?? [];
    },
    /** How many issues have come into the list since it was read. */
    get fresh() {
      return asOf() === null ? sinceRead(q()).fresh.size : 0;
    },
    /** Whether a row is no longer of the list; it stays until the list is read anew. */
    hasLeft: (key: string) => asOf() === null && sinceRead(q()).left.has(key),
    /** Read the list anew, from its beginning. */
    renew: () => {
      const only = (list?: ListData) =>
        list && { pages: list.pages.slice(0, 1), pageParams: list.pageParams.slice(0, 1) };
      queryClient.setQueryData<ListData>(keys.list(q(), asOf()), only);
      return query.refetch();
    },
    more: () => {
      if (query.hasNextPage && !query.isFetching) void query.fetchNextPage();
    },
    retry: () => {
      if (query.isFetchNextPageError) void query.fetchNextPage();
      else void query.refetch();
    },
  };
}

export type IssueList = ReturnType<typeof createIssueList>;

/** Show a changed issue in every list that has it, without moving anything. */
export function patchLists(issue: IssueItem): void {
  queryClient.setQueriesData<ListData>(
    // Only lists of the present: the past does not change.
    { queryKey: keys.lists, predicate: ({ queryKey }) => queryKey[2] === null },
    (list) => {
      const has = list?.pages?.some(({ items }) => items.some(({ key }) => key === issue.key));
      if (!list || !has) return list;
      const items = (page: IssuePage) =>
        page.items.map((row) => (row.key === issue.key ? { ...row, ...issue } : row));
      return { ...list, pages: list.pages.map((page) => ({ ...page, items: items(page) })) };
    },
  );
}
