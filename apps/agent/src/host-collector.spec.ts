import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryLogger } from '@ringwatch/kernel/fake';
import { checkSchemaKeys, DEFAULT_LIMITS, toPlain } from '@ringwatch/metrics';
import { HostCollector } from './host-collector.ts';
import { ReportBuilder } from './report-builder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ringwatch-proc-'));
  mkdirSync(join(root, 'proc/net'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const place = (fixture: string, name: string): void =>
  writeFileSync(
    join(root, 'proc', name),
    readFileSync(new URL(`../testdata/${fixture}.txt`, import.meta.url)),
  );

test('a missing file costs its metrics alone and is logged once until it is back', async () => {
  place('stat', 'stat');
  const logger = new MemoryLogger();
  const collector = new HostCollector(logger, root);
  const first = await collector.collect();
  expect(first.get('context_switches_total')).toBe(4_021_915);
  expect(first.has('memory_total_bytes')).toBe(false);
  expect(first.get('agent_resident_bytes')).toBeGreaterThan(1e6);
  const warnings = logger.lines.length;
  expect(warnings).toBeGreaterThan(0);
  place('meminfo', 'meminfo');
  expect((await collector.collect()).get('memory_total_bytes')).toBe(25_276_514_304);
  expect(logger.lines).toHaveLength(warnings);
});

test('this machine gives a report that brokers accept, its memory equal to an own reading', async () => {
  const values = await new HostCollector(new MemoryLogger()).collect();
  const report = new ReportBuilder({ hostId: 'here', labels: {}, intervalMs: 1_000 }).build(1, values);
  expect(() => checkSchemaKeys(report.schema.keys, DEFAULT_LIMITS)).not.toThrow();
  const { metrics } = toPlain(report);
  const kib = Number(/^MemTotal: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
  expect(metrics['memory_total_bytes']).toBe(kib * 1_024);
  expect(Object.keys(metrics)).toEqual(expect.arrayContaining(['load1', 'uptime_seconds', 'agent_open_fds']));
});

test('the schema stays the same object while the keys stay, and follows them when they change', () => {
  const builder = new ReportBuilder({ hostId: 'web-1', labels: {}, intervalMs: 1_000 });
  const first = builder.build(
    1,
    new Map([
      ['b', 1],
      ['a', 2],
    ]),
  );
  const second = builder.build(
    2,
    new Map([
      ['a', 4],
      ['b', 3],
    ]),
  );
  expect(second.schema).toBe(first.schema);
  expect({ ...toPlain(second).metrics }).toEqual({ a: 4, b: 3 });
  const third = builder.build(
    3,
    new Map([
      ['a', 4],
      ['c', 3],
    ]),
  );
  expect(third.schema.keys).toEqual(['a', 'c']);
});
