/** The issues at one place of the board, by pages as they come into view. */

import { createInfiniteQuery, type InfiniteData } from '@tanstack/svelte-query';
import { answer, api } from '$lib/api/client';
import { keys } from '$lib/api/queries';
import type { IssuePage } from '$lib/api/types';

const PAGE = 40;

export type ColumnData = InfiniteData<IssuePage, string | null>;

export function createColumn(q: () => string, asOf: () => string | null, enabled: () => boolean) {
  const query = createInfiniteQuery(() => {
    // Taken once for the key and the question: asked again, it is asked as its key says.
    const [filter, instant] = [q(), asOf()];
    return {
      queryKey: keys.column(filter, instant),
      queryFn: ({ pageParam, signal }) =>
        answer(
          api.GET('/api/v1/issues', {
            params: {
              query: {
                q: filter,
                limit: PAGE,
                ...(pageParam === null ? {} : { cursor: pageParam }),
                ...(instant === null ? {} : { as_of: instant }),
              },
            },
            signal,
          }),
        ),
      initialPageParam: null as string | null,
      getNextPageParam: (last: IssuePage) => last.next,
      enabled: enabled(),
      staleTime: 30_000,
      refetchOnWindowFocus: false,
    };
  });
  const rows = $derived(query.data?.pages.flatMap((page) => page.items) ?? []);
  return {
    get rows() {
      return rows;
    },
    get total() {
      return query.data?.pages[0]?.total ?? null;
    },
    get isLoading() {
      return query.isPending;
    },
    get hasFailed() {
      return query.isError && query.data === undefined;
    },
    more: () => {
      if (query.hasNextPage && !query.isFetching && !query.isFetchNextPageError)
        void query.fetchNextPage();
    },
    retry: () => void query.refetch(),
  };
}
