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
  /** Its width, and below which width of the list it leaves. */
  cell: string;
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

// The list is a container: where room is short, columns leave without a script.
export const COLUMNS: readonly Column[] = [
  { name: 'severity', cell: 'w-6 shrink-0', sort: 'severity', descendsFirst: true, narrow: true },
  { name: 'status', cell: 'w-6 shrink-0', sort: 'status', narrow: true },
  { name: 'key', cell: 'w-26 shrink-0', sort: 'key' },
  { name: 'title', cell: 'min-w-0 flex-1', fixed: true },
  { name: 'labels', cell: 'w-36 shrink-0 @max-[60rem]:hidden' },
  { name: 'due', cell: 'w-20 shrink-0 @max-[52rem]:hidden', sort: 'due' },
  { name: 'reporter', cell: 'w-32 shrink-0 @max-[70rem]:hidden', hidden: true },
  { name: 'assignee', cell: 'w-32 shrink-0 @max-[50rem]:hidden' },
  {
    name: 'created',
    cell: 'w-22 shrink-0 @max-[64rem]:hidden',
    sort: 'created',
    descendsFirst: true,
    hidden: true,
  },
  {
    name: 'updated',
    cell: 'w-22 shrink-0 @max-[36rem]:hidden',
    sort: 'updated',
    descendsFirst: true,
  },
];

/** The names of the columns that are shown where `toggled` ones differ from how they usually are. */
export function usualColumns(toggled: readonly string[]): string[] {
  return COLUMNS.filter(({ name, hidden = false }) => toggled.includes(name) === hidden).map(
    ({ name }) => name,
  );
}

const shown = new Map<string, Column[]>();

/**
 * Return those of `names` that there are, in their order: the same array for the same columns, so that
 * rows are not drawn anew for another density.
 */
export function shownColumns(names: readonly string[]): Column[] {
  const fixed = COLUMNS.filter((column) => column.fixed).map(({ name }) => name);
  const columns = fixed
    .reduce(withColumn, names)
    .flatMap((name) => COLUMNS.filter((column) => column.name === name));
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
