/** The moment when a page has what it began with: time for what nobody has asked for yet. */

/** How long a page that was opened is left to itself. */
const BEGINNING_MS = 4000;

/** Resolves once the page has begun and the browser has nothing else to do. */
export const atRest: Promise<void> = new Promise((resolve) => {
  // Safari knows no idle callback.
  const whenIdle = globalThis.requestIdleCallback ?? setTimeout;
  setTimeout(() => whenIdle(() => resolve()), BEGINNING_MS);
});
