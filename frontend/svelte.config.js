import adapter from './scripts/adapter.js';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: ({ filename }) => !filename.includes('node_modules') || undefined },
  kit: {
    // One page for every address; the application serves it, and the files beside it.
    adapter: adapter(),
    // Whoever has an older build open gets the new one at the next change of page.
    version: { pollInterval: 300_000 },
    // Files name each other relative to themselves, so that the application can stand below a path.
    paths: { relative: true },
  },
};
