/** The report on paper: everything is loaded, and drawn in the width of a column of two. */

let onPaper = $state(false);
let everything = $state(false);

/** The width of a chart on paper, in CSS pixels: A4 less its margins, in two columns. */
export const COLUMN = 330;

/** Whether charts are drawn for paper. */
export const isOnPaper = (): boolean => onPaper;
/** Whether charts load that are not near. */
export const isEverythingWanted = (): boolean => onPaper || everything;

export function wantEverything(): void {
  everything = true;
}

export function layOnPaper(now: boolean): void {
  onPaper = now;
}
