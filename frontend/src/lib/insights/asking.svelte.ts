/** Asking the API for numbers: always of the filter, the days and the instant of the page. */

import { createQuery } from '@tanstack/svelte-query';
import { answer, api } from '$lib/api/client';
import { keys } from '$lib/api/queries';
import type { paths } from '$lib/api/schema';
import type { Insight } from '$lib/api/types';

export type Asked = NonNullable<paths['/api/v1/insights/{metric}']['get']['parameters']['query']>;

function kindOf(key: readonly unknown[] | undefined): string {
  const { show, of, by, compare_from } = (key?.[3] ?? {}) as Asked;
  return JSON.stringify([key?.[2], show, of, by, compare_from !== undefined]);
}

/** What a metric answers, as a query; `asked` is called again whenever the page changes. */
export function createInsight(
  metric: () => string,
  asked: () => Asked,
  enabled: () => boolean = () => true,
) {
  return createQuery(() => {
    // Taken once for the key and the question: a number that is asked for again, or by another part
    // of the page, is asked for as its key says, whatever the page shows by then.
    const [name, question] = [metric(), asked()];
    const queryKey = keys.insight(name, question);
    return {
      queryKey,
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        answer(
          api.GET('/api/v1/insights/{metric}', {
            params: { path: { metric: name }, query: question },
            signal,
          }),
        ),
      // Dots are no percentiles: what was there before is shown only where it is of the same kind.
      placeholderData: (
        before: Insight | undefined,
        query: { queryKey: readonly unknown[] } | undefined,
      ) => (kindOf(query?.queryKey) === kindOf(queryKey) ? before : undefined),
      enabled: enabled(),
    };
  });
}

/** The metrics with their definitions. */
export function createMetrics() {
  return createQuery(() => ({
    queryKey: keys.metrics,
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      answer(api.GET('/api/v1/insights', { signal })),
    staleTime: Infinity,
  }));
}
