import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ChildApp, stopAll } from '@ringwatch/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { appMain } from './system.ts';

const GRPC = ['--grpc-port', '0'];
const APPS = [
  { app: 'broker', flags: GRPC },
  { app: 'config-sync', flags: GRPC },
  { app: 'visualization-gateway', flags: ['--brokers', '127.0.0.1:1'] },
  { app: 'agent', flags: ['--brokers', '127.0.0.1:1'] },
];

afterEach(stopAll);

describe.each(APPS)('the bundle of $app', ({ app, flags }) => {
  test('starts in an empty folder, answers, and stops with 0', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringwatch-bundle-'));
    cpSync(dirname(appMain(app)), folder, { recursive: true });
    const child = await ChildApp.start({
      main: join(folder, 'main.js'),
      args: ['--http-port', '0', ...flags],
      cwd: folder,
    });
    expect((await fetch(`${child.http}/livez`)).status).toBe(200);
    expect((await fetch(`${child.http}/metrics`)).headers.get('content-type')).toContain('text/plain');
    expect(await child.stop()).toBe(0);
  });

  test('refuses a configuration it does not understand with 78 and says all that is wrong', async () => {
    const started = ChildApp.start({ main: appMain(app), args: ['--http-port', 'abc', '--colour', 'red'] });
    const error = await started.catch((caught: Error) => caught.message);
    expect(error).toContain('(78)');
    expect(error).toContain('--colour');
    expect(error).toContain('--http-port');
  });
});
