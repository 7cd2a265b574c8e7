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

/** Return the columns to show: those that were not hidden, as far as `rem` of room lets them. */
export function shownColumns(toggled: readonly string[], rem: number): Column[] {
  return COLUMNS.filter(
    ({ name, hidden }) => isChosen(name, toggled, hidden) && rem >= (NEEDS[name] ?? 0),
  );
}

/** `toggled` are the columns that differ from how they are by default. */
export function isChosen(name: string, toggled: readonly string[], hidden = false): boolean {
  return toggled.includes(name) === hidden;
}
