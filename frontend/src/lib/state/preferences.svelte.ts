/** What somebody has chosen for this browser: theme, language, density, columns. */

import { readStored, writeStored } from './stored';

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';

const NAME = 'preferences';
const DEFAULTS = {
  theme: 'system' as Theme,
  locale: null as string | null,
  density: 'comfortable' as Density,
  /** Columns of the issue list that are not as they are by default. */
  toggledColumns: [] as string[],
  /** The filter as plain text instead of chips. */
  filterAsText: false,
  /** The board in lanes, one for each severity. */
  lanes: false,
  /** Whether single keys do something; ⌘K always does. */
  singleKeys: true,
};

type Preferences = typeof DEFAULTS;

export const preferences = $state<Preferences>({
  ...DEFAULTS,
  ...readStored<Partial<Preferences>>(NAME, {}),
});

/** Choose, and remember it. */
export function prefer(changes: Partial<Preferences>): void {
  Object.assign(preferences, changes);
  writeStored(NAME, $state.snapshot(preferences));
  const { dataset } = document.documentElement;
  if (preferences.theme === 'system') delete dataset.theme;
  else dataset.theme = preferences.theme;
}
