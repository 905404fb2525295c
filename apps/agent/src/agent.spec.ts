import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock, MemoryLogger } from '@ringwatch/kernel/fake';
import { Metrics, parseConfig, Readiness } from '@ringwatch/service';
import { Agent } from './agent.ts';
import { DiskBuffer } from './buffer/disk-buffer.ts';
import { agentConfig, type AgentConfig } from './config.ts';

let dataDir: string;
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'ringwatch-agent-'))));
afterEach(() => rmSync(dataDir, { recursive: true }));

/** Port 1 answers nobody: an agent whose brokers are all away. */
function configOf(...argv: string[]): AgentConfig {
  const all = ['--brokers', '127.0.0.1:1', '--host-id', 'web-1', '--data-dir', dataDir, ...argv];
  const outcome = parseConfig({ name: 'agent', schema: agentConfig, argv: all, env: {} });
  if (outcome.kind === 'exit') throw new Error(outcome.text);
  return outcome.config;
}

/** Runs an agent until `ticks` measurements are on disk, and ends it. */
async function runFor(ticks: number, clock: FakeClock, config: AgentConfig) {
  const agent = new Agent({ config, clock, logger: new MemoryLogger() });
  const readiness = new Readiness();
  const metrics = new Metrics('agent');
  agent.publish(metrics, readiness);
  const abort = new AbortController();
  const running = agent.run(abort.signal);
  const wanted = ticks * (config.demo + 1);
  const buffered = async (): Promise<number> =>
    Number(/^agent_buffered_reports\{.*\} (\d+)$/m.exec(await metrics.text())?.[1]);
  while ((await buffered()) < wanted) await clock.advance(100);
  const report = readiness.report();
  abort.abort();
  await running;
  const closed = agent.close();
  await clock.advance(2_000);
  await closed;
  return report;
}

test('without a broker it measures on, says so, and the next process has every report', async () => {
  const clock = new FakeClock();
  const report = await runFor(3, clock, configOf('--demo', '2', '--label', 'rack=r7'));
  expect(report).toMatchObject({
    status: 'degraded',
    checks: { broker: { state: 'degraded' }, buffer: { state: 'ok' } },
  });
  await runFor(6, clock, configOf('--demo', '2', '--label', 'rack=r7'));

  const buffer = new DiskBuffer({ folder: join(dataDir, 'buffer'), bytesMax: 1e9, ageMaxMs: 1e9, clock });
  const reports = [];
  for (let taken = buffer.take(500); taken !== undefined; taken = buffer.take(500))
    reports.push(...taken.reports);
  const own = reports.filter((each) => each.hostId === 'web-1');
  expect(reports).toHaveLength(own.length * 3);
  expect(own.length).toBeGreaterThanOrEqual(6);
  expect(new Set(own.map((each) => each.timestamp)).size).toBe(own.length);
  expect(own[0]?.labels).toMatchObject({ rack: 'r7', os: 'linux' });
  expect(reports.find((each) => each.hostId !== 'web-1')?.labels).toMatchObject({ synthetic: 'true' });
});
