/** One issue of the API by its key, as of the instant one looks at. */

import { createQuery } from '@tanstack/svelte-query';
import { answer, api } from '$lib/api/client';
import { ApiError, asApiError } from '$lib/api/problem';
import { keys } from '$lib/api/queries';
import { currentAsOf } from '$lib/rewind/rewind';

export function createIssue(key: () => string) {
  const query = createQuery(() => ({
    queryKey: keys.issue(key(), currentAsOf()),
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/v1/issues/{key}', {
          params: {
            path: { key: key() },
            query: currentAsOf() === null ? {} : { as_of: currentAsOf() },
          },
          signal,
        }),
      ),
  }));
  const isGone = $derived(query.error !== null && asApiError(query.error).status === 404);
  // Without a network a query waits instead of failing: who waits is told so at once.
  const isWaiting = $derived(query.isPaused && query.data === undefined);
  return {
    /** What is not there any more is not shown from memory. */
    get shown() {
      return isGone ? undefined : query.data;
    },
    get isGone() {
      return isGone;
    },
    get error() {
      return isWaiting ? new ApiError(0, null) : query.error;
    },
    retry: () => void query.refetch(),
  };
}

export type IssueQuery = ReturnType<typeof createIssue>;
