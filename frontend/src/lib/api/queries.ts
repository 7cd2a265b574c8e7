/** TanStack Query: when to fetch again, and the keys under which answers are kept. */

import { QueryClient, type QueryKey } from '@tanstack/svelte-query';
import { asApiError } from './problem';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // Told only of what was read before, `list.every(({ data }) => …)` would miss whatever came
      // while it looked at the first ones.
      notifyOnChangeProps: 'all',
      // Without a network a question fails at once, rather than wait for one and say nothing...
      networkMode: 'always',
      // A refusal will be one again; what was away may be back.
      retry: (failures, error) => {
        const { status } = asApiError(error);
        return navigator.onLine && (status === 0 || status === 503) && failures < 2;
      },
      // ... and is asked again when there is one.
      refetchOnReconnect: true,
    },
    mutations: { retry: false },
  },
});

/**
 * Keys go from the general to the special: `['issues']` is every list. `asOf` null is now. A question
 * is made of what its key says, not of what the page shows when it is asked again: the answer is kept
 * under that key.
 */
export const keys = {
  me: ['me'] as const,
  config: ['config'] as const,
  projects: ['projects'] as const,
  people: (q: string) => ['people', q] as const,
  labels: (prefix: string) => ['labels', prefix] as const,
  lists: ['issues'] as const,
  list: (q: string, asOf: string | null) => ['issues', q, asOf] as const,
  column: (q: string, asOf: string | null) => ['issues', q, asOf, 'column'] as const,
  issue: (key: string, asOf: string | null) => ['issue', key, asOf] as const,
  comments: (key: string, asOf: string | null) => ['issue', key, 'comments', asOf] as const,
  events: (key: string) => ['issue', key, 'events'] as const,
  attachments: (key: string) => ['issue', key, 'attachments'] as const,
  views: ['views'] as const,
  counted: ['counts'] as const,
  counts: (q: string, asOf: string | null) => ['counts', q, asOf] as const,
  daily: (q: string, asOf: string | null, range: string) => ['counts', q, asOf, 'daily', range],
  flow: (q: string, asOf: string | null, range: string) => ['counts', q, asOf, 'flow', range],
  insight: (metric: string, asked: object) => ['counts', 'insight', metric, asked] as const,
  metrics: ['metrics'] as const,
  relations: (key: string, asOf: string | null) => ['issue', key, 'relations', asOf] as const,
  audit: (asked: object) => ['audit', asked] as const,
  tokens: ['tokens'] as const,
  users: (q: string) => ['users', q] as const,
};

/** Ask again what is on the screen and could not be asked: the server is back. */
export function askAgain(): void {
  void queryClient.refetchQueries({
    type: 'active',
    predicate: ({ state }) => state.status === 'error' && asApiError(state.error).isOffline,
  });
}

/** Issues that this window deletes and still shows: to read them again would be refused. */
const leaving = new Set<string>();

/** Whether something is of an issue that this window deletes and still shows. */
export const isLeaving = ([root, key]: QueryKey): boolean =>
  root === 'issue' && typeof key === 'string' && leaving.has(key);

/** Keep an issue from being read again, until `unleave`. */
export function leave(key: string): void {
  leaving.add(key);
}

/** It is off the screen, or was not deleted: whoever asks for it now reads it again. */
export function unleave(key: string): void {
  if (leaving.delete(key))
    void queryClient.invalidateQueries({ queryKey: ['issue', key], refetchType: 'none' });
}

/** Fetch again whatever shows issues of the present: many of them have changed. */
export function refreshIssues(): Promise<void> {
  const roots: unknown[] = [keys.lists[0], 'issue', keys.counted[0]];
  return queryClient.invalidateQueries({
    predicate: ({ queryKey }) => roots.includes(queryKey[0]) && !isLeaving(queryKey),
  });
}
