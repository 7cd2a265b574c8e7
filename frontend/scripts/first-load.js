/**
 * Prints the compressed JavaScript that the first load of a page takes, and fails beyond 200 kB:
 *     node scripts/first-load.js http://127.0.0.1:8181/issues
 * Measured in a browser, so that it counts what is really fetched, as it is really sent.
 */
import { chromium } from 'playwright-core';

const LIMIT = 200_000;
/** Loaded is what asks for no more scripts for this long; the live stream never ends. */
const QUIET_MS = 1000;
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
const sizes = [];
let asked = Date.now();
page.on('request', (request) => {
  if (request.resourceType() === 'script') asked = Date.now();
});
page.on('requestfinished', (request) => {
  if (request.resourceType() === 'script')
    sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
});
await page.goto(url);
await page.getByRole('grid').waitFor();
while (Date.now() - asked < QUIET_MS) await page.waitForTimeout(100);
const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
await browser.close();
console.log(`${sizes.length} scripts, ${(bytes / 1000).toFixed(1)} kB compressed`);
process.exit(bytes > LIMIT ? 1 : 0);
