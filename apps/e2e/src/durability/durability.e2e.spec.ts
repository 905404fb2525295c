import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildApp, stopAll, testServer } from '@ringwatch/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { appMain, ensureProgram } from '../system.ts';
import { losePower, readTrace } from './power-loss.ts';
import { REPORTS_PER_BATCH } from './report-source.ts';

const ACKNOWLEDGED_MIN = 12_000;
const redis = testServer('redis');

afterEach(stopAll);

/** Flags of a broker on free ports with its data in `folder`. */
const flags = (folder: string, ...more: string[]): string[] =>
  ['--http-port', '0', '--grpc-port', '0', '--data-dir', folder].concat(more);

/**
 * Loads the broker until enough is acknowledged and `end` has ended it; resolves with the acknowledged
 * batches.
 */
async function load(broker: ChildApp, start: number, end: () => Promise<unknown>): Promise<number[]> {
  const loader = spawn(
    process.execPath,
    [join(import.meta.dirname, 'load.ts'), broker.grpc, String(start), '0'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let output = '';
  const enough = new Promise<void>((resolve) => {
    loader.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split('\n').length * REPORTS_PER_BATCH > ACKNOWLEDGED_MIN) resolve();
    });
  });
  const gone = new Promise<void>((resolve) => loader.on('close', () => resolve()));
  await Promise.race([enough, gone, broker.ended]);
  await end();
  loader.kill();
  await gone;
  return output.split('\n').filter(Boolean).map(Number);
}

/** Another process asks the broker for everything that was acknowledged. */
async function verify(broker: ChildApp, start: number, acknowledged: readonly number[]) {
  const checker = spawn(
    process.execPath,
    [join(import.meta.dirname, 'verify.ts'), broker.grpc, String(start)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let output = '';
  checker.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  checker.stdin.end(acknowledged.join('\n'));
  await new Promise((resolve) => checker.on('close', resolve));
  return JSON.parse(output) as { checked: number; missing: number };
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'ringwatch-durability-'));
const startSeconds = (): number => Math.floor(Date.now() / 1_000) - 60;

describe('kill -9 under load', () => {
  const stores = [
    { store: 'the embedded store', more: [], available: true },
    { store: 'Redis', more: redis.available ? ['--redis-url', redis.url] : [], available: redis.available },
  ];
  test.for(stores)(
    'loses none of 10,000 acknowledged reports on $store',
    async ({ more, available }, { skip }) => {
      skip(!available, 'no redis');
      const folder = newFolder();
      const start = startSeconds();
      const broker = await ChildApp.start({ main: appMain('broker'), args: flags(folder, ...more) });
      const acknowledged = await load(broker, start, () => broker.kill());
      expect(acknowledged.length * REPORTS_PER_BATCH).toBeGreaterThanOrEqual(10_000);
      const again = await ChildApp.start({ main: appMain('broker'), args: flags(folder, ...more) });
      const { checked, missing } = await verify(again, start, acknowledged);
      expect({ checked: checked >= 10_000, missing }).toEqual({ checked: true, missing: 0 });
      expect(await again.stop()).toBe(0);
    },
  );
});

describe('power loss under load', () => {
  /**
   * Kills a traced broker under load, cuts off what was not synced, and counts what is missing after a
   * restart.
   */
  async function crash(main: string): Promise<{ lost: number; checked: number; missing: number }> {
    const folder = newFolder();
    const start = startSeconds();
    const trace = join(folder, 'trace');
    const under = [
      'strace',
      '-f',
      '-y',
      '--seccomp-bpf',
      '-e',
      'trace=pwrite64,fdatasync',
      '-s',
      '0',
      '-o',
      trace,
    ];
    const broker = await ChildApp.start({ main, args: flags(folder), under });
    const acknowledged = await load(broker, start, () => broker.kill());
    const lost = losePower(readTrace(trace));
    const again = await ChildApp.start({ main: appMain('broker'), args: flags(folder) });
    return { lost, ...(await verify(again, start, acknowledged)) };
  }

  test('loses none of 10,000 acknowledged reports', async () => {
    await ensureProgram('strace');
    const { checked, missing } = await crash(appMain('broker'));
    expect({ checked: checked >= 10_000, missing }).toEqual({ checked: true, missing: 0 });
  });

  test('the same check catches a build without fdatasync', async () => {
    await ensureProgram('strace');
    const { lost, missing } = await crash(bundleWithoutSync());
    expect(lost).toBeGreaterThan(0);
    expect(missing).toBeGreaterThan(0);
  });
});

test('nothing is acknowledged after a failed sync, and the broker ends', async () => {
  await ensureProgram('strace');
  const folder = newFolder();
  const start = startSeconds();
  // Only the log's disk fails. Calls are counted per thread, so the exact moment differs from run to run.
  const segment = join(folder, 'log', '00000000000000000001.log');
  const inject = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO:when=20+', '-P', segment];
  const under = ['strace', '-f', ...inject, '-o', join(folder, 'trace')];
  const broker = await ChildApp.start({ main: appMain('broker'), args: flags(folder), under });
  const acknowledged = await load(broker, start, () => broker.ended);
  expect(await broker.ended).toBe(137);
  expect(readFileSync(join(folder, 'trace'), 'utf8')).toContain('EIO');
  const again = await ChildApp.start({ main: appMain('broker'), args: flags(folder) });
  const { checked, missing } = await verify(again, start, acknowledged);
  expect(checked).toBeGreaterThan(0);
  expect(missing).toBe(0);
});

test('a full disk under the store costs no acknowledged report and does not end the broker', async ({
  skip,
}) => {
  skip(process.getuid?.() !== 0, 'only root can mount a small disk');
  const folder = newFolder();
  const store = join(folder, 'store');
  mkdirSync(store);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', store]);
  try {
    const start = startSeconds();
    const broker = await ChildApp.start({ main: appMain('broker'), args: flags(folder) });
    const readiness = async (): Promise<string> => (await fetch(`${broker.http}/readyz`)).text();
    const acknowledged = await load(broker, start, async () => {
      await expect.poll(readiness, { timeout: 10_000 }).toContain('refuses reports; the log keeps them');
    });
    const { checked, missing } = await verify(broker, start, acknowledged);
    expect({ checked: checked >= 10_000, missing }).toEqual({ checked: true, missing: 0 });
    await broker.kill();
  } finally {
    execFileSync('umount', [store]);
  }
});

/** A copy of the broker's bundle in which syncing a file does nothing. */
function bundleWithoutSync(): string {
  const folder = newFolder();
  cpSync(join(appMain('broker'), '..'), folder, { recursive: true });
  const main = join(folder, 'main.js');
  const code = readFileSync(main, 'utf8');
  const patched = code.replaceAll('this.handle.datasync()', 'Promise.resolve()');
  expect(patched).not.toBe(code);
  writeFileSync(main, patched);
  return main;
}
