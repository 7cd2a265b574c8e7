/** Which of the two is open: the palette of everything that can be done, or the help on keys. */

import { tick } from 'svelte';

let shown = $state<'palette' | 'help' | null>(null);
let focused: Element | null = null;

export const whatIsShown = () => shown;

export function show(what: 'palette' | 'help'): void {
  focused ??= document.activeElement;
  shown = what;
}

/** Close it; the focus goes back to where it was, and then `after` is done. */
export async function close(after?: () => void): Promise<void> {
  shown = null;
  const back = focused;
  focused = null;
  await tick();
  // The dialog holds the focus until it is gone.
  requestAnimationFrame(() => {
    if (back instanceof HTMLElement && back.isConnected) back.focus({ preventScroll: true });
    after?.();
  });
}
