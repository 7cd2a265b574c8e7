/** Values that outlive the page, in this browser only. A browser without storage forgets them. */

export function readStored<T>(name: string, fallback: T): T {
  try {
    const text = localStorage.getItem(name);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

/** Keep `value`, or remove what was kept where it is null. */
export function writeStored(name: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Private windows and full disks: the value lives as long as the page.
  }
}
