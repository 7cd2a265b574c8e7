/** Which statuses can follow which: the API tells. */

import { createQuery } from '@tanstack/svelte-query';
import { answer, api } from '$lib/api/client';
import type { Status } from '$lib/api/types';

/** Whether an issue can go from one status to another. */
export type CanMove = (from: Status, to: Status) => boolean;

/** Create what knows the moves. Until they are here every move is offered: the API decides. */
export function createMoves(): CanMove {
  const query = createQuery(() => ({
    queryKey: ['statuses'],
    queryFn: ({ signal }) => answer(api.GET('/api/v1/statuses', { signal })),
    staleTime: Infinity,
    gcTime: Infinity,
  }));
  return (from, to) =>
    from !== to &&
    (query.data?.items.find(({ name }) => name === from)?.moves.includes(to) ?? true);
}
