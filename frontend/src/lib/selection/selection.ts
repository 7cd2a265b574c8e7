/** Which issues of a list are selected: some by their keys, or all that fit its filter. Pure. */

export interface Selection {
  readonly keys: ReadonlySet<string>;
  /** The row from which a range is drawn. */
  readonly anchor: number | null;
  /** Also those that are not loaded. */
  readonly everything: boolean;
}

/** The rows that are here: their keys by place; undefined where none is loaded. */
export interface Rows {
  readonly count: number;
  keyAt(index: number): string | undefined;
}

export const NOTHING: Selection = { keys: new Set(), anchor: null, everything: false };

/** The most that the API changes at once. */
export const MOST = 500;

/** Select or let go of one row; ranges are drawn from it then. */
export function toggled(selection: Selection, rows: Rows, index: number): Selection {
  const key = rows.keyAt(index);
  if (key === undefined) return selection;
  const keys = new Set(selection.keys);
  if (!keys.delete(key)) keys.add(key);
  return { keys, anchor: index, everything: false };
}

/** Select every row from the anchor to here, besides what is selected. */
export function extended(selection: Selection, rows: Rows, index: number): Selection {
  const anchor = selection.anchor ?? index;
  const keys = new Set(selection.keys);
  for (let place = Math.min(anchor, index); place <= Math.max(anchor, index); place += 1) {
    const key = rows.keyAt(place);
    if (key !== undefined) keys.add(key);
  }
  return { keys, anchor, everything: selection.everything };
}

/** Select every row that is loaded. */
export function allLoaded(rows: Rows): Selection {
  const whole =
    rows.count === 0 ? NOTHING : extended({ ...NOTHING, anchor: 0 }, rows, rows.count - 1);
  return { ...whole, anchor: null };
}

/** Select all that fit the filter, loaded or not. */
export function everything(rows: Rows): Selection {
  return { ...allLoaded(rows), everything: true };
}

/** Return how many are selected, of `total` that fit the filter. */
export function sizeOf(selection: Selection, total: number): number {
  return selection.everything ? Math.max(total, selection.keys.size) : selection.keys.size;
}

/** Return whether all, some or none of the loaded rows are selected. */
export function extentOf(selection: Selection, rows: Rows): 'all' | 'some' | 'none' {
  if (selection.keys.size === 0) return 'none';
  for (let place = 0; place < rows.count; place += 1) {
    const key = rows.keyAt(place);
    if (key !== undefined && !selection.keys.has(key)) return 'some';
  }
  return 'all';
}

/** Let go of rows that are no longer in the list. */
export function retained(selection: Selection, rows: Rows): Selection {
  const keys = new Set<string>();
  for (let place = 0; place < rows.count; place += 1) {
    const key = rows.keyAt(place);
    if (key !== undefined && selection.keys.has(key)) keys.add(key);
  }
  return { ...selection, keys, everything: selection.everything && keys.size > 0 };
}
