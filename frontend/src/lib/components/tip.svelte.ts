/** The one tooltip of the page: an element that has one says what it is, the layer shows it. */

import type { Attachment } from 'svelte/attachments';

export interface Tip {
  anchor: HTMLElement;
  text: string;
  /** The key that does the same. */
  keys?: string;
  side: 'top' | 'bottom' | 'left' | 'right';
}

/** The id of the layer, for what it describes. */
export const TIP = 'tip';

const DELAY_MS = 500;
/** Whoever goes on to the next element within this time does not wait again. */
const SKIP_MS = 200;

let shown = $state.raw<Tip | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;
let closedAt = -Infinity;

export const shownTip = (): Tip | null => shown;

export function hideTip(): void {
  clearTimeout(timer);
  if (!shown) return;
  shown.anchor.removeAttribute('aria-describedby');
  shown = null;
  closedAt = performance.now();
}

/** Show a tip while the pointer rests on an element, or the focus came to it by a key. */
export function withTip(about: () => Omit<Tip, 'anchor'>): Attachment<HTMLElement> {
  return (anchor) => {
    const listening = new AbortController();
    const show = () => {
      hideTip();
      shown = { anchor, ...about() };
      anchor.setAttribute('aria-describedby', TIP);
    };
    const on = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      react: (event: HTMLElementEventMap[Name]) => void,
    ) => anchor.addEventListener(name, react, { signal: listening.signal });

    on('pointerenter', ({ pointerType }) => {
      if (pointerType === 'touch') return;
      clearTimeout(timer);
      timer = setTimeout(show, performance.now() - closedAt < SKIP_MS ? 0 : DELAY_MS);
    });
    on('focus', () => {
      if (anchor.matches(':focus-visible')) show();
    });
    on('pointerleave', hideTip);
    on('pointerdown', hideTip);
    on('blur', hideTip);
    on('click', hideTip);
    return () => {
      listening.abort();
      if (shown?.anchor === anchor) hideTip();
    };
  };
}
