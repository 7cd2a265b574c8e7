/** How long to wait before a stream is opened again. */

const LONGEST_MS = 30_000;

/**
 * Return the wait before try `failures + 1`, in ms: twice as long each time, half of it by chance, so
 * that those who were cut off together do not come back together.
 */
export function waitFor(
  failures: number,
  base: number,
  chance: () => number = Math.random,
): number {
  const longest = Math.min(LONGEST_MS, base * 2 ** Math.max(0, failures - 1));
  return Math.round(longest * (0.5 + chance() / 2));
}
