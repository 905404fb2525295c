import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from './create-logger.ts';
import { isLoopback } from './start-process.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ringwatch-log-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** What was written; the descriptor is closed only when nothing is under way any more. */
async function written(
  write: (logger: ReturnType<typeof createLogger>) => void,
  level = 'info',
): Promise<Record<string, unknown>[]> {
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  const logger = createLogger({ name: 'broker', level, fd });
  write(logger);
  await logger.flush();
  closeSync(fd);
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a line is JSON with app, level by name, ISO time, fields and message', async () => {
  const [line] = await written((logger) => logger.info({ port: 1 }, 'listening'));
  expect(line).toMatchObject({ app: 'broker', level: 'info', port: 1, msg: 'listening' });
  expect(new Date(String(line?.['time'])).getTime()).toBeGreaterThan(0);
});

test('a flush writes every line, in order', async () => {
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  const logger = createLogger({ name: 'broker', fd });
  for (let i = 0; i < 2_000; i++) logger.info({ i }, 'line');
  await logger.flush();
  await logger.flush();
  const numbers = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  expect(numbers.map((line) => (JSON.parse(line) as { i: number }).i)).toEqual(
    Array.from({ length: 2_000 }, (_, i) => i),
  );
  closeSync(fd);
});

test('secrets are redacted up to two levels deep', async () => {
  const [line] = await written((logger) =>
    logger.info({ token: 'hunter2', a: { b: { password: 'hunter2' } } }, 'x'),
  );
  expect(JSON.stringify(line)).not.toContain('hunter2');
});

test('errors keep their message and stack, children their bindings', async () => {
  const [line] = await written((logger) =>
    logger.child({ part: 'wal' }).error({ error: new Error('disk') }, 'failed'),
  );
  expect(line).toMatchObject({
    part: 'wal',
    error: { message: 'disk', stack: expect.stringContaining('Error: disk') as string },
  });
});

test('nothing below the level is written', async () => {
  expect(await written((logger) => logger.info({}, 'x'), 'warn')).toEqual([]);
});

test.each([
  ['127.0.0.1', true],
  ['127.8.0.1', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['example.org', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
