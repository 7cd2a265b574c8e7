/** The person who is signed in, and what they may do. */

import { createQuery } from '@tanstack/svelte-query';
import { getContext, setContext } from 'svelte';
import { answer, api } from '$lib/api/client';
import { keys } from '$lib/api/queries';
import type { Me } from '$lib/api/types';

export type Permission =
  | 'issues:read'
  | 'issues:create'
  | 'issues:comment'
  | 'issues:edit-own'
  | 'issues:see-all'
  | 'issues:triage'
  | 'issues:delete'
  | 'projects:manage'
  | 'roles:manage'
  | 'stats:read'
  | (string & {});

const CONTEXT = Symbol('me');

export function createMe() {
  return createQuery(() => ({
    queryKey: keys.me,
    queryFn: ({ signal }) => answer(api.GET('/api/v1/me', { signal })),
    staleTime: 60_000,
  }));
}

/** Make `me` known to everything below the calling component. */
export function provideMe(me: () => Me): void {
  setContext(CONTEXT, me);
}

/** Who is signed in: `me().name`, `may('issues:triage')`. Only below the app shell. */
export function useMe(): { me: () => Me; may: (permission: Permission) => boolean } {
  const me = getContext<() => Me>(CONTEXT);
  return { me, may: (permission) => me().permissions.includes(permission) };
}
