import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireFileLock } from './file-lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringwatch-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

const locked = expect.objectContaining({ code: 'failed_precondition', reason: 'store_locked' });

/** A process that is gone by the time this returns. */
function deadPid(): number {
  return Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
}

test('a held lock is refused, also within the same process, until it is given back', () => {
  const unlock = acquireFileLock(path);
  expect(() => acquireFileLock(path)).toThrow(locked);
  unlock();
  acquireFileLock(path)();
  expect(existsSync(path)).toBe(false);
});

test('another process is refused while this one lives, and wins when the owner died', () => {
  const module = new URL('file-lock.ts', import.meta.url).href;
  const attempt = `
    const { acquireFileLock } = await import('${module}');
    try { acquireFileLock(process.argv[1]); console.log('won'); } catch (fault) { console.log(fault.reason); }
  `;
  const other = (): string =>
    execFileSync(
      process.execPath,
      ['--conditions=@ringwatch/source', '--input-type=module', '-e', attempt, path],
      {
        encoding: 'utf8',
      },
    ).trim();
  const unlock = acquireFileLock(path);
  expect(other()).toBe('store_locked');
  unlock();
  expect(other()).toBe('won'); // It ended without giving the lock back.
  acquireFileLock(path)();
});

test.each([
  { title: 'a dead process', content: () => `${deadPid()} 1` },
  { title: 'an earlier process with the same pid', content: () => `${process.pid} 1` },
  { title: 'nobody', content: () => '' },
])('the lock of $title is taken over', ({ content }) => {
  writeFileSync(path, content());
  const unlock = acquireFileLock(path);
  expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`^${process.pid} `));
  unlock();
});

test('a stale lock that another process takes over right now is refused', () => {
  const taker = acquireFileLock(`${path}.takeover`);
  writeFileSync(path, `${deadPid()} 1`);
  expect(() => acquireFileLock(path)).toThrow(locked);
  taker();
  acquireFileLock(path)();
});

test('a process that died while taking over costs one refused start', () => {
  writeFileSync(path, `${deadPid()} 1`);
  writeFileSync(`${path}.takeover`, `${deadPid()} 1`);
  expect(() => acquireFileLock(path)).toThrow(locked);
  acquireFileLock(path)();
});

test('giving back does not remove a lock that somebody else took', () => {
  const unlock = acquireFileLock(path);
  writeFileSync(path, '1 1');
  unlock();
  expect(existsSync(path)).toBe(true);
});
