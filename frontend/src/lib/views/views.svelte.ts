/** Saved views: a filter and how its issues are shown under a name, one's own or shared. */

import { createQuery } from '@tanstack/svelte-query';
import { goto } from '$app/navigation';
import { base } from '$app/paths';
import { page } from '$app/state';
import { answer, api, idempotent, ifMatch } from '$lib/api/client';
import { keys, queryClient } from '$lib/api/queries';
import type { View, ViewChange } from '$lib/api/types';
import { useMe } from '$lib/auth/me.svelte';
import { COLUMNS } from '$lib/issues/columns';
import { currentLook, LOOK, saidLook, type Said } from '$lib/issues/look';
import { openKey } from '$lib/issues/panel.svelte';
import { currentAsOf, currentQ, hrefOf } from '$lib/issues/view';
import { withParameter } from '$lib/rewind/rewind';

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

/** What is kept under a name. */
export type Shown = Pick<View, 'q' | 'layout' | 'columns' | 'density' | 'lanes'>;

/** The address of a view: what it shows, and which one it is, so that changes of it are seen. */
export function viewHref(view: Shown & { id: number }, asOf: string | null): string {
  return hrefOf(PATHS[view.layout], {
    view: String(view.id),
    q: view.q,
    ...lookOf(view),
    as_of: asOf,
  });
}

const lookOf = ({ columns, density, lanes }: Shown): Said => ({
  columns: columns.join(',') || null,
  density,
  lanes,
});

/** The layout on the screen; null on other pages. */
export function currentLayout(): View['layout'] | null {
  const path = page.url.pathname.slice(base.length);
  return path === PATHS.list ? 'list' : path === PATHS.board ? 'board' : null;
}

/** Whether a view was opened, and may have been changed since. */
export const isOpened = (view: View): boolean =>
  currentLayout() === view.layout && opened() === String(view.id);

/** Whether a view is where one is. An address that names none may still show what one shows. */
export const isCurrent = (view: View): boolean =>
  isOpened(view) || (opened() === null && currentLayout() === view.layout && !isChanged(view));

const opened = () => page.url.searchParams.get('view');

/** What of a view is shown otherwise than it was saved, as it would be saved now. */
export function changesOf(view: View): Partial<Shown> {
  const said = saidLook();
  const saved = lookOf(view);
  const now = shown();
  return Object.fromEntries([
    ...(now.q === view.q ? [] : [['q', now.q]]),
    ...LOOK.filter((name) => said[name] !== saved[name]).map((name) => [name, now[name]]),
  ]) as Partial<Shown>;
}

/** Whether the screen shows a view otherwise than it was saved. */
export const isChanged = (view: View): boolean => Object.keys(changesOf(view)).length > 0;

/** What is on the screen, to be saved. */
export function shown(): Shown {
  const layout = currentLayout() ?? 'list';
  const { columns, density, lanes } = currentLook();
  const there = COLUMNS.map(({ name }) => name).sort(
    (one, other) => columns.indexOf(one) - columns.indexOf(other),
  );
  return {
    q: currentQ(),
    layout,
    columns: layout === 'list' ? there.filter((name) => columns.includes(name)) : [],
    density: layout === 'list' ? density : null,
    lanes: layout === 'board' ? lanes : null,
  };
}

/** Return the view that one begins with, if any. */
export async function beginning(): Promise<View | null> {
  const { view } = await answer(api.GET('/api/v1/me/default-view'));
  if (view === null) return null;
  return answer(api.GET('/api/v1/views/{view_id}', { params: { path: { view_id: view } } }));
}

// Each of these throws `ApiError`, and lets the lists of views be read again.

/** Save a view; returns it. */
export async function saveView(
  view: Shown & Pick<View, 'name' | 'shared'> & { position?: number },
): Promise<View> {
  const params = { header: idempotent() };
  const saved = await answer(api.POST('/api/v1/views', { params, body: view }));
  await refresh();
  return saved;
}

/** Change a view; returns what it is now. */
export async function changeView({ id, version }: View, body: ViewChange): Promise<View> {
  const params = { path: { view_id: id }, header: ifMatch(version) };
  const changed = await answer(api.PATCH('/api/v1/views/{view_id}', { params, body }));
  await refresh();
  return changed;
}

/** Go to a view that has just been saved, which is what is on the screen already. */
export const stayIn = (view: View): Promise<void> =>
  goto(withParameter(viewHref(view, currentAsOf()), 'open', openKey()), {
    replaceState: true,
    keepFocus: true,
    noScroll: true,
  });

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
