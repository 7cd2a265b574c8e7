/**
 * How issues are shown: columns and density of the list, lanes of the board. As this browser prefers
 * it, unless the address says so: then a link, or a saved view, brings back what somebody saw.
 */

import { goto } from '$app/navigation';
import { page } from '$app/state';
import { hereWith, withParameter } from '$lib/rewind/rewind';
import { prefer, preferences, type Density } from '$lib/state/preferences.svelte';
import { COLUMNS, usualColumns } from './columns';

export interface Look {
  /** Names of columns, from the left. */
  columns: readonly string[];
  density: Density;
  lanes: 'none' | 'severity';
}

/** What the address says of the look, as it is written there. */
export type Said = Record<keyof Look, string | null>;

export const LOOK = ['columns', 'density', 'lanes'] as const;

/** The look that the address says. */
export function saidLook(): Said {
  const said = (name: keyof Look) => page.url.searchParams.get(name) || null;
  return { columns: said('columns'), density: said('density'), lanes: said('lanes') };
}

/** The look on the screen. */
export function currentLook(): Look {
  const { columns, density, lanes } = saidLook();
  return {
    columns: columns?.split(',') ?? usualColumns(preferences.toggledColumns),
    density: density === 'compact' || density === 'comfortable' ? density : preferences.density,
    lanes:
      lanes === 'severity' || lanes === 'none' ? lanes : preferences.lanes ? 'severity' : 'none',
  };
}

/** Show issues in another look: in a view only here, elsewhere from now on. */
export async function changeLook(changes: Partial<Look>): Promise<void> {
  const said = saidLook();
  const inView = page.url.searchParams.has('view');
  const here = hereWith('view', page.url.searchParams.get('view'));
  let href = here;
  for (const [name, value] of Object.entries(changes) as [keyof Look, string | string[]][]) {
    if (inView || said[name] !== null) href = withParameter(href, name, String(value));
    else prefer(asPreference({ [name]: value }));
  }
  if (href !== here) await goto(href, { replaceState: true, keepFocus: true, noScroll: true });
}

function asPreference({ columns, density, lanes }: Partial<Look>): Partial<typeof preferences> {
  return {
    ...(density ? { density } : {}),
    ...(lanes ? { lanes: lanes === 'severity' } : {}),
    ...(columns
      ? {
          toggledColumns: COLUMNS.filter(
            ({ name, hidden = false }) => columns.includes(name) === hidden,
          ).map(({ name }) => name),
        }
      : {}),
  };
}
