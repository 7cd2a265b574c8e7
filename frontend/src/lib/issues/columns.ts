/** The columns of the issue list: their order, widths and what they sort by. */

export type ColumnName =
  | 'severity'
  | 'status'
  | 'key'
  | 'title'
  | 'labels'
  | 'due'
  | 'reporter'
  | 'assignee'
  | 'created'
  | 'updated';

export interface Column {
  name: ColumnName;
  /** A track of a CSS grid. */
  width: string;
  sort?: string;
  /** The way it sorts when first asked: the worst, the newest. */
  descendsFirst?: boolean;
  /** Cannot be hidden. */
  fixed?: boolean;
  /** Not shown unless it was chosen. */
  hidden?: boolean;
  /** Only a glyph: the header is only read out. */
  narrow?: boolean;
}

export const COLUMNS: readonly Column[] = [
  { name: 'severity', width: '1.5rem', sort: 'severity', descendsFirst: true, narrow: true },
  { name: 'status', width: '1.5rem', sort: 'status', narrow: true },
  { name: 'key', width: '6.5rem', sort: 'key' },
  { name: 'title', width: 'minmax(0, 1fr)', fixed: true },
  { name: 'labels', width: 'minmax(0, 9rem)' },
  { name: 'due', width: '5rem', sort: 'due' },
  { name: 'reporter', width: '8rem', hidden: true },
  { name: 'assignee', width: '8rem' },
  { name: 'created', width: '5.5rem', sort: 'created', descendsFirst: true, hidden: true },
  { name: 'updated', width: '5.5rem', sort: 'updated', descendsFirst: true },
];

/** Columns that leave first where room is short, by the width (in rem) that they need. */
const NEEDS: Partial<Record<ColumnName, number>> = {
  labels: 60,
  due: 52,
  reporter: 70,
  created: 64,
  assignee: 50,
  updated: 36,
};

/** The names of the columns that are shown where `toggled` ones differ from how they usually are. */
export function usualColumns(toggled: readonly string[]): string[] {
  return COLUMNS.filter(({ name, hidden = false }) => toggled.includes(name) === hidden).map(
    ({ name }) => name,
  );
}

const shown = new Map<string, Column[]>();

/**
 * Return those of `names` that there are and that `rem` of room lets be shown, in their order: the same
 * array for the same columns, so that rows are not drawn anew for another width or density.
 */
export function shownColumns(names: readonly string[], rem: number): Column[] {
  const fixed = COLUMNS.filter((column) => column.fixed).map(({ name }) => name);
  const columns = fixed
    .reduce(withColumn, names)
    .flatMap((name) => COLUMNS.filter((column) => column.name === name))
    .filter(({ name }) => rem >= (NEEDS[name] ?? 0));
  const key = columns.map(({ name }) => name).join();
  const same = shown.get(key) ?? columns;
  shown.set(key, same);
  return same;
}

/** Return `names` with one more, before those that usually come after it. */
export function withColumn(names: readonly string[], added: string): readonly string[] {
  if (names.includes(added)) return names;
  const usual = COLUMNS.map(({ name }) => String(name));
  const place = names.findIndex((name) => usual.indexOf(name) > usual.indexOf(added));
  return place < 0 ? [...names, added] : names.toSpliced(place, 0, added);
}
