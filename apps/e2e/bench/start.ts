/**
 * From `npm start` on a warm checkout to the first moving chart in a browser that is already open.
 *
 * usage: npm run bench -- start [rounds, default 3]
 */
import { hostname } from 'node:os';
import { openBrowser } from '../src/browser.ts';
import { launch } from '../src/launcher.ts';

const TARGET_MS = 10_000;
const rounds = Number(process.argv[2] ?? 3);

/** Milliseconds from the command to the second value of the memory chart's legend. */
async function firstMovingChart(): Promise<number> {
  const browser = await openBrowser();
  const page = browser.pages()[0] ?? (await browser.newPage());
  const fromMs = performance.now();
  const system = await launch();
  await page.goto(`${system.url}hosts/${encodeURIComponent(hostname())}`);
  const seen = new Set<string>();
  while (seen.size < 2) {
    const value = await page
      .locator('section.chart', { hasText: 'Memory' })
      .locator('.legend data')
      .first()
      .getAttribute('value', { timeout: 30_000 });
    if (value !== null && value !== '') seen.add(value);
  }
  const tookMs = performance.now() - fromMs;
  await browser.close();
  await system.stop();
  return tookMs;
}

const times: number[] = [];
for (let round = 0; round < rounds; round++) times.push(await firstMovingChart());
const median = Math.round(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN);
const ratio = Math.round((median / TARGET_MS) * 1_000) / 1_000;
console.log(
  JSON.stringify({
    bench: 'start',
    name: 'first moving chart',
    value: median,
    unit: 'ms',
    against: '10 s',
    ratio,
  }),
);
process.exit(0);
