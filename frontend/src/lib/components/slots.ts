/**
 * Which element of the page shows which row. A row that stays in view keeps its element, with the
 * focus in it; one that comes into view takes the element of one that has left. So scrolling changes
 * texts instead of making and removing elements.
 */

/** Return the slot of each of `indexes`, given those of the rows that were shown before. */
export function slotsFor(
  indexes: readonly number[],
  before: ReadonlyMap<number, number> = new Map(),
): Map<number, number> {
  const shown = new Set(indexes);
  const free = [...before].filter(([index]) => !shown.has(index)).map(([, slot]) => slot);
  let unused = Math.max(-1, ...before.values()) + 1;
  return new Map(
    indexes.map((index) => [index, before.get(index) ?? free.shift() ?? unused++] as const),
  );
}

/** The rows that are in view, and how many there are. */
interface InView {
  startIndex: number;
  endIndex: number;
  overscan: number;
  count: number;
}

/**
 * Return the rows in view and some around them: `least` of them, if there are as many, so that no
 * element goes while one row fewer is in view.
 */
export function rowsAround(
  { startIndex, endIndex, overscan, count }: InView,
  least: number,
): number[] {
  const from = Math.max(0, startIndex - overscan);
  const to = Math.min(count - 1, Math.max(endIndex + overscan, from + least - 1));
  return Array.from({ length: to - from + 1 }, (_, place) => from + place);
}

/** Return `rows`, which follow each other, with one more at its place. */
export function withRow(rows: readonly number[], row: number): readonly number[] {
  const [first = 0, last = -1] = [rows[0], rows.at(-1)];
  if (row < first) return [row, ...rows];
  return row > last ? [...rows, row] : rows;
}
