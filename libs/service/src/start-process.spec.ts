import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Fault } from '@ringwatch/kernel';
import { MemoryLogger } from '@ringwatch/kernel/fake';
import { Lifecycle } from './lifecycle.ts';
import { Readiness } from './readiness.ts';
import { EXIT_UNAVAILABLE, runService } from './start-process.ts';

const EXAMPLE = fileURLToPath(new URL('../testdata/example-process.ts', import.meta.url));

interface Line {
  readonly msg: string;
  readonly level: string;
  readonly http?: string;
}

/** Runs the example of the README; `onLine` may act on the process. */
async function run(
  argv: readonly string[],
  env: Record<string, string>,
  onLine: (line: Line, kill: () => void) => void,
) {
  const child = spawn(process.execPath, ['--conditions=@ringwatch/source', EXAMPLE, ...argv], {
    env: { PATH: process.env['PATH'], ...env },
  });
  const lines: Line[] = [];
  let errors = '';
  let rest = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const line = JSON.parse(part) as Line;
      lines.push(line);
      onLine(line, () => child.kill('SIGTERM'));
    }
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, errors, lines, messages: lines.map((line) => line.msg) };
}

test('a process prints its configuration and ports, and ends with 0 on SIGTERM', async () => {
  const argv = ['--http-port', '0', '--data-dir', '/d'];
  const { code, lines, messages } = await run(argv, {}, (line, kill) => {
    if (line.msg === 'listening') kill();
  });
  expect(messages).toEqual(['configuration', 'listening', 'shutting down', 'stopped']);
  expect(lines[1]?.http).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect(code).toBe(0);
});

test('a faulty configuration prints to stderr only and ends with 78', async () => {
  const { code, errors, lines } = await run(['--bogus'], { RINGWATCH_HTTP_PORT: 'abc' }, () => undefined);
  expect([code, lines]).toEqual([78, []]);
  for (const word of ['--bogus', '--http-port', '--data-dir']) expect(errors).toContain(word);
});

test('listening beyond loopback is warned about', async () => {
  const argv = ['--http-port', '0', '--data-dir', '/d', '--listen', '0.0.0.0'];
  const { lines } = await run(argv, {}, (line, kill) => {
    if (line.msg === 'listening') kill();
  });
  expect(lines.find((line) => line.level === 'warn')?.msg).toContain('beyond loopback');
});

test('a bug ends the process with 1, logged once, and nothing that was logged is lost', async () => {
  const argv = ['--http-port', '0', '--data-dir', '/d'];
  const { code, messages } = await run(argv, { BUG: '1' }, () => undefined);
  expect(messages).toEqual(['configuration', 'listening', 'uncaught: this is a bug']);
  expect(code).toBe(1);
});

test('a start that fails says why in one line, gives back what it opened, and ends with 69', async () => {
  const logger = new MemoryLogger();
  const exits: number[] = [];
  const lifecycle = new Lifecycle({ logger, readiness: new Readiness(), exit: (code) => exits.push(code) });
  const closed: string[] = [];
  await runService({ logger: logger as never, lifecycle }, async () => {
    lifecycle.on('close', 'lock', () => void closed.push('lock'));
    lifecycle.on('close', 'store', () => void closed.push('store'));
    throw new Fault('failed_precondition', 'the folder is in use', { reason: 'folder_locked' });
  });
  const errors = logger.lines.filter(({ level }) => level === 'error');
  expect(errors).toMatchObject([
    { message: 'cannot start', fields: { reason: 'folder_locked', detail: 'the folder is in use' } },
  ]);
  expect([closed, exits]).toEqual([['store', 'lock'], [EXIT_UNAVAILABLE]]);
});

test('a start that succeeds ends nothing', async () => {
  const logger = new MemoryLogger();
  const lifecycle = new Lifecycle({ logger, readiness: new Readiness(), exit: () => undefined });
  await runService({ logger: logger as never, lifecycle }, async () => 'running');
  expect([logger.lines, lifecycle.signal.aborted]).toEqual([[], false]);
});
