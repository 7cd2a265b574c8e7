/**
 * Rows of which only those in view are in the page, on TanStack Virtual. Call it in a component;
 * `options` is asked again whenever something it reads has changed.
 */

import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core';

interface Options {
  scroller: HTMLElement | null;
  count: number;
  /** The height of a row in pixels, the same for all. */
  size: number;
  overscan?: number;
}

export function createVirtualRows(options: () => Options) {
  let items = $state.raw<VirtualItem[]>([]);
  let height = $state(0);

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
    items = virtualizer.getVirtualItems();
    height = virtualizer.getTotalSize();
  }

  $effect(() => virtualizer._didMount());
  let size = 0;
  $effect(() => {
    const given = options();
    virtualizer.setOptions({
      ...virtualizer.options,
      count: given.count,
      overscan: given.overscan ?? 8,
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
