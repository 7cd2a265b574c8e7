/**
 * What other pages and dialogs are made of is loaded while nothing else happens: they then open at
 * once, also where the network has gone away meanwhile.
 */

import { preloadCode } from '$app/navigation';
import { base } from '$app/paths';
import { PLACES } from './places';

/** After so long, in the first pause. */
const QUIET_MS = 4000;

const PAGES = [
  ...PLACES.map(({ href }) => href),
  `${base}/issues/A-1`,
  `${base}/settings/tokens`,
] as const;

const PARTS = [
  () => import('$lib/issue/IssuePanel.svelte'),
  () => import('$lib/markdown/render'),
  () => import('$lib/new/NewIssueDialog.svelte'),
  () => import('$lib/palette/Palette.svelte'),
  () => import('$lib/palette/Help.svelte'),
  () => import('$lib/selection/BulkPreview.svelte'),
  () => import('$lib/views/ViewDialog.svelte'),
  () => import('$lib/insights/Plot.svelte'),
  () => import('$lib/insights/DotPlot.svelte'),
];

/** Load it all, one after the other, unless somebody pays for every byte. Returns what calls it off. */
export function loadAhead(): () => void {
  let isWanted = !(navigator as { connection?: { saveData?: boolean } }).connection?.saveData;
  const timer = setTimeout(() => void load(), QUIET_MS);

  async function load() {
    for (const one of [...PAGES.map((page) => () => preloadCode(page)), ...PARTS]) {
      await pause();
      if (!isWanted) return;
      // What does not come now comes when it is needed, or says so then.
      await one().catch(() => undefined);
    }
  }

  return () => {
    isWanted = false;
    clearTimeout(timer);
  };
}

const pause = (): Promise<unknown> =>
  new Promise((resolve) =>
    'requestIdleCallback' in window ? requestIdleCallback(resolve) : setTimeout(resolve, 200),
  );
