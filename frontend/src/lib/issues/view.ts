/** What the issue list shows is in its address: `?q=` the filter, `?as_of=` the instant. */

import { goto } from '$app/navigation';
import { base } from '$app/paths';
import { page } from '$app/state';
import { addressOf, currentAsOf, hereWith } from '$lib/rewind/rewind';

/** The filter of the address. */
export const currentQ = (): string => page.url.searchParams.get('q') ?? '';

export { currentAsOf };

/** The address of the list with a filter, at the instant one is looking at. */
export function listHref(q: string, asOf: string | null = currentAsOf()): string {
  return hrefOf('/issues', { q, as_of: asOf });
}

/** The address of an issue, at the instant one is looking at. */
export function issueHref(key: string, asOf: string | null = currentAsOf()): string {
  return hrefOf(`/issues/${key}`, { as_of: asOf });
}

/** Show another filter; typing replaces the address instead of adding to the history. */
export function showFilter(q: string, { replace = false } = {}): Promise<void> {
  return goto(hereWith('q', q || null), {
    replaceState: replace,
    keepFocus: true,
    noScroll: true,
  });
}

/** The address of a path of the app with what is not empty of `values`. */
export function hrefOf(path: string, values: Record<string, string | null>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) query.set(name, value);
  return addressOf(base + path, query);
}
