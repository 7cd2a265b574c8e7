/** What a chart of columns shows: numbers over time, each of them a link. */

export interface Series {
  name: string;
  label: string;
  /** A CSS colour for the area, and one for its edge. */
  fill: string;
  edge: string;
}

export interface Column {
  /** The day or the bucket; unique. */
  id: string;
  /** In full, and short enough for the axis. */
  label: string;
  tick: string;
  values: Record<string, { count: number; href: string }>;
}

/** Return every how many columns one has a label, where there is room for so many labels. */
export function tickStep(columns: number, labels: number): number {
  return Math.max(1, Math.ceil(columns / Math.max(1, labels)));
}
