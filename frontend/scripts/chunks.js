/**
 * What every page begins with is one file, and what the list of issues adds is another: as many
 * small ones would cost a slow network more in round trips than in bytes.
 */

const APP = /\/client-optimized\/app\.js$/;
const FIRST = [
  APP,
  /\/kit\/src\/runtime\/client\/entry\.js$/,
  /\/routes\/\+(layout|error)\.svelte$/,
];
const LIST = [/\/routes\/issues\/\+page\.(svelte|ts)$/];

/**
 * Rollup's `manualChunks`. Each of the two holds all that its roots import, so that neither waits for
 * a third, and no cycle comes to be; what is loaded when needed stays apart.
 * @returns {import('rollup').GetManualChunk}
 */
export function firstChunks() {
  /** @type {Map<string, string> | undefined} */
  let places;
  return (id, { getModuleIds, getModuleInfo }) => {
    places ??= assigned();
    return places.get(id);

    /** @returns {Map<string, string>} */
    function assigned() {
      const all = [...getModuleIds()];
      // Nobody downloads the build that only tells SvelteKit what there is.
      if (!all.some((one) => APP.test(one))) return new Map();
      const list = within(LIST, all).map((one) => /** @type {const} */ ([one, 'list']));
      const first = within(FIRST, all).map((one) => /** @type {const} */ ([one, 'first']));
      return new Map([...list, ...first]);
    }

    /**
     * @param {RegExp[]} roots
     * @param {string[]} all
     */
    function within(roots, all) {
      const found = new Set(all.filter((one) => roots.some((root) => root.test(one))));
      // What is added while it is gone through is gone through as well.
      for (const one of found)
        for (const next of getModuleInfo(one)?.importedIds ?? []) found.add(next);
      return [...found];
    }
  };
}
