/**
 * Rows of which only those in view are in the page, on TanStack Virtual. Call it in a component;
 * `options` is asked again whenever something it reads has changed.
 */

import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type Range,
  type VirtualItem,
} from '@tanstack/virtual-core';
import { rowsAround, slotsFor, withRow } from './slots';

export interface VirtualRow {
  index: number;
  /** Where it begins, in pixels. */
  start: number;
  /** The key of the element that shows it. */
  slot: number;
}

interface Options {
  scroller: HTMLElement | null;
  count: number;
  /** The height of a row in pixels, the same for all. */
  size: number;
  overscan?: number;
  /** A row that stays in the page also while it is out of view: the one with the focus. */
  kept?: () => number;
}

/** How many elements are made at once: the browser can paint and listen before it makes more. */
const AT_ONCE = 5;

export function createVirtualRows(options: () => Options) {
  let items = $state.raw<readonly VirtualRow[]>([]);
  let height = $state(0);
  let known: readonly VirtualItem[] | undefined;
  let slots = slotsFor([]);
  /** How many rows have been in the page at once. */
  let most = 0;
  let later: ReturnType<typeof setTimeout> | undefined;

  const virtualizer = new Virtualizer<HTMLElement, HTMLElement>({
    count: 0,
    getScrollElement: () => options().scroller,
    estimateSize: () => options().size,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: update,
  });

  function update() {
    height = virtualizer.getTotalSize();
    const all = virtualizer.getVirtualItems();
    if (all === known) return;
    const rows = all.slice(0, slots.size + AT_ONCE);
    if (rows.length === all.length) known = all;
    else later ??= setTimeout(grow);
    const shown = slotsFor(
      rows.map(({ index }) => index),
      slots,
    );
    slots = shown;
    items = rows.map(({ index, start }) => ({ index, start, slot: shown.get(index) ?? index }));
  }

  function grow() {
    later = undefined;
    update();
  }

  $effect(() => virtualizer._didMount());
  $effect(() => () => clearTimeout(later));
  let size = 0;
  $effect(() => {
    const given = options();
    if (size !== given.size) most = 0;
    virtualizer.setOptions({
      ...virtualizer.options,
      count: given.count,
      overscan: given.overscan ?? 8,
      rangeExtractor: (range: Range) => {
        const around = rowsAround(range, most);
        most = Math.max(most, around.length);
        const kept = given.kept?.() ?? -1;
        return [...(kept >= 0 && kept < range.count ? withRow(around, kept) : around)];
      },
      estimateSize: () => given.size,
      getScrollElement: () => given.scroller,
    });
    virtualizer._willUpdate();
    if (size !== given.size) {
      size = given.size;
      virtualizer.measure();
    }
    update();
  });

  return {
    get items() {
      return items;
    },
    get height() {
      return height;
    },
    scrollToIndex: (index: number) => virtualizer.scrollToIndex(index, { align: 'auto' }),
  };
}
