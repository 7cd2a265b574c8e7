/** The present, for everything that says how long ago something was: moves on every half minute. */

let now = $state.raw(new Date());

setInterval(() => {
  if (!document.hidden) now = new Date();
}, 30_000);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) now = new Date();
});

export function present(): Date {
  return now;
}
