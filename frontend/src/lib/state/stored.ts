/**
 * Values that outlive the page, in this browser only, or only in this window (`session`). A browser
 * without storage forgets them.
 */

type Where = 'local' | 'session';

export function readStored<T>(name: string, fallback: T, where: Where = 'local'): T {
  try {
    const text = globalThis[`${where}Storage`].getItem(name);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

/** Keep `value`, or remove what was kept where it is null. */
export function writeStored(name: string, value: unknown, where: Where = 'local'): void {
  try {
    const storage = globalThis[`${where}Storage`];
    if (value === null) storage.removeItem(name);
    else storage.setItem(name, JSON.stringify(value));
  } catch {
    // Private windows and full disks: the value lives as long as the page.
  }
}
