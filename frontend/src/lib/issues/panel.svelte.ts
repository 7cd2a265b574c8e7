/** The issue beside a list or a board is part of the address: `?open=WEB-42`. */

import { afterNavigate, goto } from '$app/navigation';
import { page } from '$app/state';
import { MediaQuery } from 'svelte/reactivity';
import { hereWith } from '$lib/rewind/rewind';

/** As the breakpoint `lg` of app.css. */
const wide = new MediaQuery('width >= 64rem');

const keyIn = (url: URL): string | null => url.searchParams.get('open')?.toUpperCase() || null;

/** The key of the issue in the panel; null while there is no panel. */
export const openKey = (): string | null => keyIn(page.url);

/** Whether an open panel leaves nothing of the page to be seen. */
export const panelCovers = (): boolean => openKey() !== null && !wide.current;

/** Show an issue in the panel. The panel takes one step of the history, however many it shows. */
export function openPanel(key: string): Promise<void> {
  return goto(hereWith('open', key), {
    replaceState: openKey() !== null,
    keepFocus: true,
    noScroll: true,
    state: { panel: openKey() === null || Boolean(page.state.panel) },
  });
}

/** Close the panel: back to where one was when it was opened. */
export async function closePanel(): Promise<void> {
  if (page.state.panel) history.back();
  else
    await goto(hereWith('open', null), {
      replaceState: true,
      keepFocus: true,
      noScroll: true,
    });
}

/** Whether a press on the link of an issue asks for the panel: an ordinary one, where there is room. */
export function asksForPanel(event: MouseEvent): boolean {
  const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  return wide.current && event.button === 0 && !modified && !event.defaultPrevented;
}

/** Call `back` with the key of an issue whose panel has been closed, so that the focus returns to it. */
export function onPanelClosed(back: (key: string) => void): void {
  afterNavigate(({ from, to }) => {
    if (!from?.url || !to?.url || from.url.pathname !== to.url.pathname) return;
    const key = keyIn(from.url);
    if (key && !keyIn(to.url)) back(key);
  });
}
