/**
 * The static adapter, with the code of the list named in the page: it comes beside the rest instead
 * of when the router has found out that it is needed.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import adapter from '@sveltejs/adapter-static';

const PAGE = 'index.html';
/** What the list needs besides what every page does, by the sources of its nodes. */
const BEGINNING = ['src/routes/issues/+page.svelte', 'src/routes/+error.svelte'];

/** @returns {import('@sveltejs/kit').Adapter} */
export default function adapterOfTheList() {
  const inner = adapter({ fallback: PAGE });
  return {
    name: 'issue-insight',
    async adapt(builder) {
      await inner.adapt(builder);
      const links = await linksOf(builder);
      const page = path.join('build', PAGE);
      const content = await readFile(page, 'utf-8');
      await writeFile(page, content.replace('</head>', `${links.join('\n    ')}\n  </head>`));
      await builder.compress('build');
    },
  };
}

/** @param {import('@sveltejs/kit').Builder} builder */
async function linksOf(builder) {
  /** @type {import('vite').Manifest} */
  const manifest = JSON.parse(
    await readFile(path.join(builder.getClientDirectory(), '.vite/manifest.json'), 'utf-8'),
  );
  const nodes = Object.keys(manifest).filter((name) => /\/nodes\/\d+\.js$/.test(name));
  const sources = await Promise.all(nodes.map((name) => readFile(name, 'utf-8')));
  const wanted = new Set(
    nodes.filter((_, place) => BEGINNING.some((name) => sources[place]?.includes(name))),
  );
  // What is added while it is gone through is gone through as well.
  for (const name of wanted) for (const next of manifest[name]?.imports ?? []) wanted.add(next);
  const chunks = [...wanted].flatMap((name) => manifest[name] ?? []);
  const present = await readFile(path.join('build', PAGE), 'utf-8');
  return [
    ...chunks.map(({ file }) => ({ file, rel: 'modulepreload' })),
    ...chunks.flatMap(({ css = [] }) => css.map((file) => ({ file, rel: 'stylesheet' }))),
  ]
    .filter(
      ({ file }, at, all) =>
        !present.includes(file) && all.findIndex((o) => o.file === file) === at,
    )
    .map(({ file, rel }) => `<link href="/${file}" rel="${rel}">`);
}
