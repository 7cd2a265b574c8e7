import { fetchAhead } from '$lib/issues/list.svelte';
import type { PageLoad } from './$types';

/** At the start of the app the list is asked for beside who one is, rather than after. */
export const load: PageLoad = ({ url }) => {
  const q = url.searchParams.get('q') ?? '';
  const asOf = url.searchParams.get('as_of') || null;
  return { ahead: () => fetchAhead(q, asOf) };
};
