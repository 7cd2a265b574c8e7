/** What an issue is to others: making and taking away. Each of these throws `ApiError`. */

import { answered, api, idempotent } from '$lib/api/client';
import { queryClient } from '$lib/api/queries';
import type { Relation, RelationSeen } from '$lib/api/types';

/** What can be said of an issue to another one, in the order in which it is offered. */
export const OFFERED = [
  'duplicate_of',
  'related',
  'blocked_by',
  'blocks',
] as const satisfies readonly RelationSeen[];
export type Offered = (typeof OFFERED)[number];

/** Relate an issue to another one; returns the change-set, which undoes it. */
export async function relate(key: string, kind: Offered, other: string): Promise<string | null> {
  // What blocks it is said of the other one.
  const [from, to] = kind === 'blocked_by' ? [other, key] : [key, other];
  const { changeSet } = await answered(
    api.POST('/api/v1/issues/{key}/relations', {
      params: { path: { key: from }, header: idempotent() },
      body: { kind: kind === 'blocked_by' ? 'blocks' : kind, issue: to },
    }),
  );
  await told(key, other);
  return changeSet;
}

/** Take a relation away; returns the change-set. */
export async function unrelate(key: string, { id, key: other }: Relation): Promise<string | null> {
  const { changeSet } = await answered(
    api.DELETE('/api/v1/issues/{key}/relations/{relation_id}', {
      params: { path: { key, relation_id: id } },
    }),
  );
  await told(key, other);
  return changeSet;
}

/** Both ends show it. */
const told = (...keys: string[]) =>
  Promise.all(keys.map((key) => queryClient.invalidateQueries({ queryKey: ['issue', key] })));
