/** One issue of the API by its key, as of the instant one looks at. */

import { createQuery } from '@tanstack/svelte-query';
import { answer, api } from '$lib/api/client';
import { asApiError } from '$lib/api/problem';
import { keys } from '$lib/api/queries';
import { currentAsOf } from '$lib/rewind/rewind';

export function createIssue(key: () => string) {
  const query = createQuery(() => ({
    queryKey: keys.issue(key(), currentAsOf()),
    queryFn: ({ queryKey: [, name, asOf], signal }) =>
      answer(
        api.GET('/api/v1/issues/{key}', {
          params: { path: { key: name }, query: { as_of: asOf } },
          signal,
        }),
      ),
  }));
  const isGone = $derived(query.error !== null && asApiError(query.error).status === 404);
  return {
    /** What is not there any more is not shown from memory. */
    get shown() {
      return isGone ? undefined : query.data;
    },
    get isGone() {
      return isGone;
    },
    get error() {
      return query.error;
    },
    retry: () => void query.refetch(),
  };
}

export type IssueQuery = ReturnType<typeof createIssue>;
