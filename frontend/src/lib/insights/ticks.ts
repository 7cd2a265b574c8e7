/** Which places of an axis have a label. */

/** Return every how many places one has a label, where there is room for so many labels. */
export function tickStep(places: number, labels: number): number {
  return Math.max(1, Math.ceil(places / Math.max(1, labels)));
}
