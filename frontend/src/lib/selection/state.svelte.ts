/** The selection of the list on the screen. */

import {
  allLoaded,
  everything,
  extended,
  extentOf,
  NOTHING,
  retained,
  sizeOf,
  toggled,
  type Rows,
} from './selection';

/** `rows` are those of the list now, `total` how many fit its filter. */
export function createSelection(rows: () => Rows, total: () => number) {
  let selection = $state.raw(NOTHING);
  const size = $derived(sizeOf(selection, total()));
  const extent = $derived(extentOf(selection, rows()));
  return {
    get size() {
      return size;
    },
    get extent() {
      return extent;
    },
    /** All that fit the filter are meant, also those that are not loaded. */
    get everything() {
      return selection.everything;
    },
    get keys(): ReadonlySet<string> {
      return selection.keys;
    },
    has: (key: string) => selection.keys.has(key),
    toggle: (index: number) => (selection = toggled(selection, rows(), index)),
    extendTo: (index: number) => (selection = extended(selection, rows(), index)),
    allLoaded: () => (selection = allLoaded(rows())),
    all: () => (selection = everything(rows())),
    /** Let go of what is no longer in the list. */
    retain: () => (selection = retained(selection, rows())),
    clear: () => (selection = NOTHING),
  };
}

export type SelectionState = ReturnType<typeof createSelection>;
