/**
 * How what opens beside a button stands there. It leaves the styles of the body alone: a change of
 * those is one of every element, which takes a slow machine a tenth of a second.
 */
export const FLOATING = {
  sideOffset: 4,
  collisionPadding: 8,
  preventScroll: false,
  preventOverflowTextSelection: false,
};
