/** Saved views: a filter and its layout under a name, one's own or shared. */

import { createQuery } from '@tanstack/svelte-query';
import { base } from '$app/paths';
import { page } from '$app/state';
import { answer, api, idempotent, ifMatch } from '$lib/api/client';
import { keys, queryClient } from '$lib/api/queries';
import type { View, ViewChange } from '$lib/api/types';
import { useMe } from '$lib/auth/me.svelte';
import { currentQ, hrefOf } from '$lib/issues/view';

const PATHS = { list: '/issues', board: '/board' } as const;

/** Create the views that one may use, one's own first. */
export function createViews() {
  const { may } = useMe();
  return createQuery(() => ({
    queryKey: keys.views,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/views', { params: { query: { limit: 200 } }, signal })),
    select: ({ items }) => items,
    enabled: may('views:use'),
    staleTime: 60_000,
  }));
}

/** The address of a view. */
export function viewHref({ layout, q }: Pick<View, 'layout' | 'q'>, asOf: string | null): string {
  return hrefOf(PATHS[layout], { q, as_of: asOf });
}

/** The layout on the screen; null on other pages. */
export function currentLayout(): View['layout'] | null {
  const path = page.url.pathname.slice(base.length);
  return path === PATHS.list ? 'list' : path === PATHS.board ? 'board' : null;
}

/** Whether a view is what is on the screen. */
export function isCurrent(view: View): boolean {
  return currentLayout() === view.layout && currentQ() === view.q;
}

/** Return the view that one begins with, if any. */
export async function beginning(): Promise<View | null> {
  const { view } = await answer(api.GET('/api/v1/me/default-view'));
  if (view === null) return null;
  return answer(api.GET('/api/v1/views/{view_id}', { params: { path: { view_id: view } } }));
}

// Each of these throws `ApiError`, and lets the lists of views be read again.

/** Save a view. */
export async function saveView(view: Pick<View, 'name' | 'q' | 'layout' | 'shared'>) {
  await answer(api.POST('/api/v1/views', { params: { header: idempotent() }, body: view }));
  await refresh();
}

/** Change a view. */
export async function changeView({ id, version }: View, body: ViewChange) {
  const params = { path: { view_id: id }, header: ifMatch(version) };
  await answer(api.PATCH('/api/v1/views/{view_id}', { params, body }));
  await refresh();
}

/** Delete a view. */
export async function deleteView({ id, version }: View) {
  const params = { path: { view_id: id }, header: ifMatch(version) };
  await answer(api.DELETE('/api/v1/views/{view_id}', { params }));
  await refresh();
}

/** Begin with a view, or with none. */
export async function beginWith(view: number | null) {
  await answer(api.PUT('/api/v1/me/default-view', { body: { view } }));
  await refresh();
}

const refresh = () => queryClient.invalidateQueries({ queryKey: keys.views });
