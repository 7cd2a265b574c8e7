/**
 * Prints the compressed JavaScript that the first load of a page takes, and fails beyond 200 kB:
 *     node scripts/first-load.js http://127.0.0.1:8181/issues
 * Measured in a browser, so that it counts what is really fetched, as it is really sent.
 */
import { chromium } from 'playwright-core';

const LIMIT = 200_000;
const url = process.argv[2] ?? 'http://127.0.0.1:8181/issues';

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
});
const context = await browser.newContext();
await context.addInitScript(() =>
  localStorage.setItem('local-sign-in', JSON.stringify({ email: 'admin@example.org' })),
);
const page = await context.newPage();
let bytes = 0;
let files = 0;
page.on('requestfinished', async (request) => {
  if (request.resourceType() !== 'script') return;
  const { responseBodySize } = await request.sizes();
  bytes += responseBodySize;
  files += 1;
});
await page.goto(url, { waitUntil: 'networkidle' });
await browser.close();
console.log(`${files} scripts, ${(bytes / 1000).toFixed(1)} kB compressed`);
process.exit(bytes > LIMIT ? 1 : 0);
