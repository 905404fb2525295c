import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerQueries } from '@ringwatch/broker-client';
import { ChildApp, stopAll } from '@ringwatch/testing';
import { afterAll, expect, test } from 'vitest';
import { freePort } from '../../../tools/services/index.mjs';
import { appMain } from './system.ts';

const INTERVAL_MS = 200;
const AWAY_MS = 3_000;
/** Two intervals and a scheduler's whim. */
const GAP_SECONDS = (INTERVAL_MS * 2.5) / 1_000;

const folder = mkdtempSync(join(tmpdir(), 'ringwatch-agent-'));

afterAll(stopAll);

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const startBroker = (grpcPort: number): Promise<ChildApp> =>
  ChildApp.start({
    main: appMain('broker'),
    args: ['--http-port', '0', '--grpc-port', String(grpcPort), '--data-dir', join(folder, 'broker')],
  });

const startAgent = (grpcPort: number): Promise<ChildApp> => {
  const measured = ['--http-port', '0', '--host-id', 'kept', '--interval-ms', String(INTERVAL_MS)];
  const kept = ['--brokers', `127.0.0.1:${grpcPort}`, '--data-dir', join(folder, 'agent')];
  return ChildApp.start({ main: appMain('agent'), args: [...measured, ...kept] });
};

/** Timestamps of the host's stored reports in [start, end), Unix seconds. */
async function timestamps(broker: ChildApp, start: number, end: number): Promise<number[]> {
  const queries = new BrokerQueries({ brokers: [broker.grpc] });
  const when = { $case: 'range', value: { start, end } } as const;
  const request = { hostId: 'kept', when, metrics: ['load1'], limit: 0 };
  const reply = await queries.getMetrics(request).catch(() => ({ reports: [] }));
  queries.close();
  return reply.reports.map(({ timestamp }) => timestamp);
}

test('an agent keeps its reports on disk while its broker is gone, over its own restart too', async () => {
  const grpcPort = await freePort();
  const broker = await startBroker(grpcPort);
  const agent = await startAgent(grpcPort);
  const from = Date.now() / 1_000;
  await expect
    .poll(async () => (await timestamps(broker, from - 5, from + 60)).length, { timeout: 10_000 })
    .toBeGreaterThan(3);
  await broker.kill();
  await wait(AWAY_MS);
  await agent.stop();
  const again = await startAgent(grpcPort);
  const revived = await startBroker(grpcPort);
  const until = Date.now() / 1_000 + 1;
  await expect
    .poll(async () => (await timestamps(revived, until, until + 60)).length, { timeout: 15_000 })
    .toBeGreaterThan(0);
  const stored = await timestamps(revived, from, until);
  const gaps = stored.slice(1).map((timestamp, i) => timestamp - (stored[i] as number));
  // The agent's own restart is the one gap there may be; the broker's absence leaves none.
  expect(gaps.filter((gap) => gap > GAP_SECONDS).length).toBeLessThanOrEqual(1);
  expect(stored.length).toBeGreaterThan(AWAY_MS / INTERVAL_MS);
  expect(await again.stop()).toBe(0);
});
