import { packValues, schemaOf, toPlain, type Report } from '@ringwatch/metrics';
import { describe, expect, test } from 'vitest';
import { encodeControl, encodeReports } from './entry.ts';
import { latestOf, statusOf } from './host-table.ts';
import { PartitionState, ReportStatus, type PartitionSettings } from './partition-state.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';

const NOW_MS = 1_700_000_000_000;
const NOW = NOW_MS / 1_000;
const SETTINGS: PartitionSettings = {
  retainedMs: 900_000,
  newHostsPerHourMax: 3,
  newSchemasPerHostHourMax: 2,
};

function report(hostId: string, timestamp: number, metrics: Record<string, number> = { load1: 1 }): Report {
  const schema = schemaOf(Object.keys(metrics));
  const values = packValues(schema.keys.map((key) => metrics[key] as number));
  return { hostId, timestamp, intervalMs: 1_000, labels: undefined, schema, values, late: false };
}

/** A state with a hand to apply reports at the next index. */
class Bench {
  readonly state = new PartitionState(SETTINGS);
  readonly entries: Buffer[] = [];

  apply(reports: readonly Report[], timeMs = NOW_MS): number[] {
    return this.applyEntry(
      encodeReports(reports, timeMs, (schema) => this.state.schemas.get(schema.hash) !== undefined),
    );
  }

  applyEntry(entry: Buffer): number[] {
    this.entries.push(entry);
    return [...this.state.apply(this.entries.length, entry).statuses];
  }
}

const { accepted, duplicate, conflict, late, hostQuota, schemaQuota } = ReportStatus;

describe('apply', () => {
  test('accepts a report once, knows it again, and refuses other content under its key', () => {
    const bench = new Bench();
    const again = report('a', NOW);
    expect(bench.apply([report('a', NOW), again, report('a', NOW, { load1: 2 })])).toEqual([
      accepted,
      duplicate,
      conflict,
    ]);
    expect(bench.apply([again, report('a', NOW, { other: 1 })])).toEqual([duplicate, conflict]);
    expect(bench.state.conflicts).toBe(2);
  });

  test('knows a duplicate whatever place its schema has in its entry', () => {
    const bench = new Bench();
    bench.apply([report('a', NOW, { x: 1 }), report('b', NOW, { y: 1 })]);
    expect(bench.apply([report('b', NOW, { y: 1 }), report('a', NOW, { x: 1 })])).toEqual([
      duplicate,
      duplicate,
    ]);
  });

  test('marks what is older than the retained log as late', () => {
    const bench = new Bench();
    expect(bench.apply([report('a', NOW - 900), report('a', NOW - 900.001)])).toEqual([accepted, late]);
  });

  test('counts new hosts by the hour of the log', () => {
    const bench = new Bench();
    expect(bench.apply(['a', 'b', 'c', 'd', 'a'].map((host, i) => report(host, NOW + i)))).toEqual([
      accepted,
      accepted,
      accepted,
      hostQuota,
      accepted,
    ]);
    expect(bench.apply([report('d', NOW)], NOW_MS + 3_600_000)).toEqual([late]);
  });

  test('counts new schemas of a host by the hour, and other hosts do not pay', () => {
    const bench = new Bench();
    const reports = ['p', 'q', 'r', 's'].map((metric, i) => report('a', NOW + i, { [metric]: 1 }));
    expect(bench.apply([...reports, report('b', NOW, { s: 1 })])).toEqual([
      accepted,
      accepted,
      accepted,
      schemaQuota,
      accepted,
    ]);
  });

  test('lets a host take turns between schemas that it has used', () => {
    const bench = new Bench();
    const reports = Array.from({ length: 20 }, (_, i) =>
      report('a', NOW + i, i % 2 ? { odd: 1 } : { even: 1 }),
    );
    expect(bench.apply(reports)).toEqual(reports.map(() => accepted));
  });

  test('is not deceived by contents that share a CRC', () => {
    const bench = new Bench();
    const [one, other] = [0.44019934634432833, 0.16567149006304005].map((load1) =>
      report('a', NOW, { load1 }),
    );
    expect(bench.apply([one!, other!])).toEqual([accepted, conflict]);
  });

  test('never lets time go back', () => {
    const bench = new Bench();
    bench.apply([report('a', NOW)], NOW_MS + 5_000);
    bench.apply([report('a', NOW + 1)], NOW_MS);
    expect(bench.state.timeMs).toBe(NOW_MS + 5_000);
  });

  test('takes settings and watermark from the log', () => {
    const bench = new Bench();
    bench.applyEntry(encodeControl('settings', { ...SETTINGS, newHostsPerHourMax: 1 }, NOW_MS));
    bench.applyEntry(encodeControl('watermark', { index: 1 }, NOW_MS));
    bench.applyEntry(encodeControl('watermark', { index: 0 }, NOW_MS));
    expect(bench.apply([report('a', NOW), report('b', NOW)])).toEqual([accepted, hostQuota]);
    expect(bench.state.watermark).toBe(1);
  });

  test('gives two replicas the same state', () => {
    const bench = new Bench();
    bench.apply([report('a', NOW), report('b', NOW - 5, { x: 1 })]);
    bench.apply([report('a', NOW + 1), report('a', NOW)]);
    const other = new PartitionState(SETTINGS);
    bench.entries.forEach((entry, i) => other.apply(i + 1, entry));
    expect(encodeSnapshot(other).equals(encodeSnapshot(bench.state))).toBe(true);
  });

  test('refuses an entry of another version', () => {
    const bench = new Bench();
    bench.apply([report('a', NOW)]);
    const entry = Buffer.from(bench.entries[0] as Buffer);
    entry.writeUInt8(9, 0);
    expect(() => bench.state.apply(2, entry)).toThrow(expect.objectContaining({ code: 'unimplemented' }));
  });
});

describe('host table', () => {
  test('keeps the newest report by its own timestamp and the labels it came with', () => {
    const bench = new Bench();
    bench.apply([{ ...report('a', NOW, { x: 2 }), labels: { os: 'linux' } }, report('a', NOW - 1, { x: 1 })]);
    const latest = latestOf(bench.state.hosts.get('a')!);
    expect(latest && toPlain(latest)).toMatchObject({
      timestamp: NOW,
      metrics: { x: 2 },
      labels: { os: 'linux' },
    });
  });

  test.each([
    [1_500, 'online'],
    [1_501, 'late'],
    [2_999, 'late'],
    [3_000, 'offline'],
  ])('%i ms after the last report of a 1 s host it is %s', (ageMs, status) => {
    const bench = new Bench();
    bench.apply([report('a', NOW)]);
    expect(statusOf(bench.state.hosts.get('a')!, NOW_MS + ageMs, 60_000)).toBe(status);
  });

  test('that does not say how often it reports is measured by the interval of the settings', () => {
    const bench = new Bench();
    bench.apply([{ ...report('a', NOW), intervalMs: 0 }]);
    const host = bench.state.hosts.get('a')!;
    expect(statusOf(host, NOW_MS + 5_000, 10_000)).toBe('online');
    expect(statusOf(host, NOW_MS + 5_000, 1_000)).toBe('offline');
  });

  test('lists hosts in order, after any id', () => {
    const bench = new Bench();
    bench.apply(['c', 'a', 'b'].map((host) => report(host, NOW)));
    const ids = (after: string): string[] =>
      Array.from(bench.state.hosts.after(after), ({ hostId }) => hostId);
    expect(ids('')).toEqual(['a', 'b', 'c']);
    expect(ids('a')).toEqual(['b', 'c']);
    expect(ids('aa')).toEqual(['b', 'c']);
    expect(ids('c')).toEqual([]);
  });
});

describe('snapshot', () => {
  test('a restored state goes on as the first would have', () => {
    const bench = new Bench();
    bench.apply([{ ...report('a', NOW), labels: { os: 'linux' } }, report('b', NOW, { x: 1 })]);
    const restored = decodeSnapshot(encodeSnapshot(bench.state));
    bench.entries.forEach((entry, i) => restored.apply(i + 1, entry));
    const next = encodeReports([report('a', NOW + 1), report('b', NOW, { x: 1 })], NOW_MS, () => true);
    expect([...restored.apply(2, next).statuses]).toEqual([...bench.state.apply(2, next).statuses]);
    expect(encodeSnapshot(restored).equals(encodeSnapshot(bench.state))).toBe(true);
  });

  test('what was refused stays refused, although what refused it has been trimmed', () => {
    const bench = new Bench();
    bench.apply([report('a', NOW)]);
    bench.apply([report('a', NOW, { load1: 2 }), ...['b', 'c', 'd'].map((host) => report(host, NOW))]);
    const statuses = [conflict, accepted, accepted, hostQuota];
    const restored = decodeSnapshot(encodeSnapshot(bench.state));
    const again = restored.apply(2, bench.entries[1] as Buffer);
    expect([...again.statuses]).toEqual(statuses);
    expect(restored.hosts.get('a')?.timeline.length).toBe(0);
    const late = encodeReports([report('e', NOW)], NOW_MS, () => false);
    expect([...restored.apply(3, late).statuses]).toEqual([hostQuota]);
  });

  test('of another version is refused', () => {
    expect(() => decodeSnapshot(Buffer.from('{"version":99}'))).toThrow(
      expect.objectContaining({ code: 'unimplemented' }),
    );
  });
});
