/** The places one can go to from everywhere. */

import { base } from '$app/paths';
import ChartColumn from '@lucide/svelte/icons/chart-column';
import CircleDot from '@lucide/svelte/icons/circle-dot';
import SquareKanban from '@lucide/svelte/icons/square-kanban';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Users from '@lucide/svelte/icons/users';
import { page } from '$app/state';
import { currentQ } from '$lib/issues/view';
import { atThisInstant, withParameter } from '$lib/rewind/rewind';

/** `needs`: the permission without which the place is not offered. `keys`: what opens it. */
export const PLACES = [
  { name: 'issues', href: `${base}/issues`, icon: CircleDot, keys: 'g i', needs: 'issues:read' },
  { name: 'board', href: `${base}/board`, icon: SquareKanban, keys: 'g b', needs: 'issues:read' },
  {
    name: 'insights',
    href: `${base}/insights`,
    icon: ChartColumn,
    keys: 'g n',
    needs: 'stats:read',
  },
  { name: 'people', href: `${base}/people`, icon: Users, keys: 'g p', needs: 'roles:manage' },
  { name: 'audit', href: `${base}/audit`, icon: ScrollText, keys: 'g a', needs: 'audit:read' },
] as const;

type Place = (typeof PLACES)[number];

/** These show issues, and take the same filter. */
const FILTERED: readonly Place['name'][] = ['issues', 'board', 'insights'];

/**
 * The address of a place, at the instant one is looking at. From one place that takes a filter to
 * another it goes along; to go where one already is leaves it behind.
 */
export function placeHref({ name, href }: Place): string {
  const here = PLACES.find((place) => place.href === page.url.pathname)?.name;
  const goesAlong =
    here !== undefined && here !== name && FILTERED.includes(here) && FILTERED.includes(name);
  return withParameter(atThisInstant(href), 'q', (goesAlong && currentQ()) || null);
}
