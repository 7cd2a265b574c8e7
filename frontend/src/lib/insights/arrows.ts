/** Moving between the numbers of a chart by keys, so that it is one stop on the way through the page. */

const FAR = 1_000_000;
const MOVES: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  Home: [-FAR, 0],
  End: [FAR, 0],
};

/** Return how many places and lines a key goes on; null for a key that is for something else. */
export function moveOf(event: KeyboardEvent): [number, number] | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return null;
  return MOVES[event.key] ?? null;
}

/** Return a place that there is. */
export const within = (place: number, count: number): number =>
  Math.max(0, Math.min(place, count - 1));
