import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildApp, stopAll } from '@ringwatch/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startConsul, startRedis, type Missing, type Server } from '../../../tools/services/index.mjs';
import { appMain } from './system.ts';

/** Stated: 1 s; asserted as a timeout at three times that. */
const CHANGE_SEEN_MS = 3_000;

const folder = mkdtempSync(join(tmpdir(), 'ringwatch-real-'));
const now = Math.floor(Date.now() / 1_000);
let redis: Server;
let consul: Server;
let sync: ChildApp;
let broker: ChildApp;
let gateway: ChildApp;

function required(server: Server | Missing): Server {
  if (server.reason !== undefined) throw new Error(server.reason);
  return server;
}

const start = (app: string, ...flags: string[]): Promise<ChildApp> =>
  ChildApp.start({
    main: appMain(app),
    args: ['--http-port', '0', '--data-dir', join(folder, app), '--consul-url', consul.url, ...flags],
  });
const startSync = (): Promise<ChildApp> => start('config-sync', '--grpc-port', '0', '--redis-url', redis.url);
const startBroker = (): Promise<ChildApp> => start('broker', '--grpc-port', '0', '--redis-url', redis.url);
const startGateway = (): Promise<ChildApp> =>
  start('visualization-gateway', '--brokers', broker.grpc, '--config-redis-url', redis.url);

async function json(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
  return (await (await fetch(url, init)).json()) as Record<string, unknown>;
}

function report(hostId: string, timestamp: number, load: number): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ hostId, timestamp, metrics: { load1: load, 'disk{dev="sda"}': 1.25 } });
  return json(`${broker.http}/api/v1/reports`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });
}

function putSettings(settings: object): Promise<Response> {
  return fetch(`${sync.http}/api/v1/config/brokers/settings`, {
    method: 'PUT',
    body: JSON.stringify(settings),
    headers: { 'content-type': 'application/json' },
  });
}

const settingsOf = async (app: ChildApp): Promise<Record<string, unknown>> =>
  (await json(`${app.http}/api/v1/status`))['settings'] as Record<string, unknown>;

beforeAll(async () => {
  [redis, consul] = await Promise.all([
    startRedis({ folder: join(folder, 'redis'), durable: true }).then(required),
    startConsul({ folder: join(folder, 'consul') }).then(required),
  ]);
  [sync, broker] = await Promise.all([startSync(), startBroker()]);
  gateway = await startGateway();
}, 60_000);

afterAll(async () => {
  await stopAll();
  await Promise.all([redis?.stop(), consul?.stop()]);
}, 30_000);

describe('on real Redis and Consul', () => {
  test('REST answers the values that redis-cli HGETALL shows', async () => {
    expect(await report('web-1', now, 0.625)).toMatchObject({ accepted: 1 });
    const key = `monitor:metrics:web-1:${now}`;
    const cli = (): string =>
      execFileSync('redis-cli', ['-p', String(redis.port), 'HGETALL', key], { encoding: 'utf8' });
    await expect.poll(cli, { timeout: 5_000 }).toContain('codec');
    const fields = cli().trim().split('\n');
    expect(fields[fields.indexOf('codec') + 1]).toBe('json');
    const stored = JSON.parse(fields[fields.indexOf('data') + 1] as string) as { metrics: object };
    const answer = await json(`${gateway.http}/api/v1/metrics?host=web-1&at=${now}`);
    const [shown] = answer['reports'] as { timestamp: number; metrics: object }[];
    expect(shown).toMatchObject({ timestamp: now, metrics: stored.metrics });
  });

  test('a setting changed through config-sync reaches the running broker', async () => {
    expect((await putSettings({ rawRetentionMs: 120_000, limits: { metricsPerReportMax: 2 } })).status).toBe(
      200,
    );
    await expect
      .poll(async () => (await settingsOf(broker))['rawRetentionMs'], {
        timeout: CHANGE_SEEN_MS,
        interval: 50,
      })
      .toBe(120_000);
    const body = JSON.stringify({ hostId: 'web-1', timestamp: now + 1, metrics: { a: 1, b: 2, c: 3 } });
    const refused = await json(`${broker.http}/api/v1/reports`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(refused['reason']).toBe('too_many_metrics');
  });

  test('a setting that makes no sense is refused and changes nothing', async () => {
    const answer = await putSettings({ rawRetentionMs: 'long' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      400,
      expect.stringContaining('problem+json'),
    ]);
    expect((await settingsOf(broker))['rawRetentionMs']).toBe(120_000);
  });
});

describe.each([
  ['Redis', (): Server => redis],
  ['Consul', (): Server => consul],
])('with %s stopped', (name, server) => {
  beforeAll(async () => {
    await Promise.all([broker.stop(), gateway.stop()]);
    await server().stop();
    broker = await startBroker();
    gateway = await startGateway();
  }, 60_000);

  afterAll(async () => {
    const { port } = server();
    if (name === 'Redis')
      redis = required(await startRedis({ folder: join(folder, 'redis'), durable: true, port }));
    else consul = required(await startConsul({ folder: join(folder, 'consul'), port }));
  }, 30_000);

  test('a configured system starts with its settings', async () => {
    expect(await settingsOf(broker)).toMatchObject({ rawRetentionMs: 120_000 });
  });

  test('it takes reports and answers queries', async () => {
    const at = now + (name === 'Redis' ? 10 : 20);
    expect(await report('web-2', at, 1.5)).toMatchObject({ accepted: 1 });
    const answer = await json(`${gateway.http}/api/v1/metrics?host=web-2&at=${at}`);
    expect(answer['reports']).toMatchObject([{ metrics: { load1: 1.5 } }]);
  });

  test('it says that it is degraded', async () => {
    await expect
      .poll(async () => (await json(`${broker.http}/readyz`))['status'], { timeout: 10_000 })
      .toBe('degraded');
  });
});

test('what Redis missed while it was away is written when it is back', async () => {
  await expect
    .poll(
      () =>
        execFileSync('redis-cli', ['-p', String(redis.port), 'EXISTS', `monitor:metrics:web-2:${now + 10}`], {
          encoding: 'utf8',
        }).trim(),
      { timeout: 15_000 },
    )
    .toBe('1');
});
