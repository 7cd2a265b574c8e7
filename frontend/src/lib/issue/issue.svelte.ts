/** One issue of the API by its key, as of the instant one looks at. */

import { createQuery } from '@tanstack/svelte-query';
import { answer, api } from '$lib/api/client';
import { asApiError } from '$lib/api/problem';
import { keys } from '$lib/api/queries';
import { currentAsOf } from '$lib/rewind/rewind';

export function createIssue(key: () => string) {
  const query = createQuery(() => {
    // Taken once for the key and the question: asked again, it is asked as its key says.
    const [name, instant] = [key(), currentAsOf()];
    return {
      queryKey: keys.issue(name, instant),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        answer(
          api.GET('/api/v1/issues/{key}', {
            params: {
              path: { key: name },
              query: instant === null ? {} : { as_of: instant },
            },
            signal,
          }),
        ),
    };
  });
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
