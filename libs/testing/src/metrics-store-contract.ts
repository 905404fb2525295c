import type { MetricsStore } from '@ringwatch/metrics-store';
import { packValues, schemaOf, toPlain, type Report } from '@ringwatch/metrics';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const TTL_MS = 60_000;
const NOW = 1_700_000_000;

/** A report with these metrics. */
export function reportOf(hostId: string, timestamp: number, metrics: Record<string, number>): Report {
  const schema = schemaOf(Object.keys(metrics));
  const values = packValues(schema.keys.map((key) => metrics[key] as number));
  return { hostId, timestamp, intervalMs: 1_000, labels: undefined, schema, values, late: false };
}

/** What every {@link MetricsStore} keeps. `open` gives a store that may hold other hosts' data. */
export function describeMetricsStore(name: string, open: () => Promise<MetricsStore>): void {
  describe(`metrics store: ${name}`, () => {
    let store: MetricsStore;
    const run = Math.random().toString(36).slice(2);
    const host = (id: string): string => `${run}-${id}`;

    beforeAll(async () => {
      store = await open();
      // A connection may take a moment to be ready.
      await vi.waitFor(() => store.identity(), { timeout: 5_000 });
    });
    afterAll(() => store.close());

    test('gives back exactly what was written', async () => {
      const report: Report = {
        ...reportOf(host('exact'), NOW + 0.125, { 'cpu{cpu="0"}': 0.1 + 0.2, big: 1e300, tiny: 5e-324 }),
        labels: { os: 'linux', odd: 'a"b\\c\n€' },
        late: true,
      };
      expect(await store.write([report], TTL_MS)).toEqual(['written']);
      const found = await store.point(report.hostId, NOW + 0.125);
      expect(found && toPlain(found)).toEqual(toPlain(report));
    });

    test('finds nothing where nothing was written', async () => {
      expect(await store.point(host('nobody'), NOW)).toBeUndefined();
      expect(await store.range(host('nobody'), 0, NOW, 10)).toEqual([]);
      expect(await store.host(host('nobody'))).toBeUndefined();
    });

    test('keeps the first content: the same again is a duplicate, other content a conflict', async () => {
      const report = reportOf(host('twice'), NOW, { load1: 1 });
      const other = reportOf(host('twice'), NOW, { load1: 2 });
      expect(await store.write([report], TTL_MS)).toEqual(['written']);
      expect(await store.write([report, other], TTL_MS)).toEqual(['duplicate', 'conflict']);
      expect(toPlain((await store.point(host('twice'), NOW)) as Report).metrics).toEqual({ load1: 1 });
    });

    test('tells outcomes in the order of the reports, whatever hosts they are of', async () => {
      const a = reportOf(host('order-a'), NOW, { x: 1 });
      const b = reportOf(host('order-b'), NOW, { x: 1 });
      await store.write([b], TTL_MS);
      const again = reportOf(host('order-a'), NOW, { x: 2 });
      expect(await store.write([a, b, again], TTL_MS)).toEqual(['written', 'duplicate', 'conflict']);
    });

    test('reads ranges half-open, oldest first, within the limit, whatever order they came in', async () => {
      const times = [30, 10, 20, 10.5, 40].map((offset) => NOW + offset);
      await store.write(
        times.map((time) => reportOf(host('range'), time, { x: time })),
        TTL_MS,
      );
      const range = async (start: number, end: number, limit = 100): Promise<number[]> =>
        (await store.range(host('range'), NOW + start, NOW + end, limit)).map(
          ({ timestamp }) => timestamp - NOW,
        );
      expect(await range(10, 40)).toEqual([10, 10.5, 20, 30]);
      expect(await range(10.5, 30)).toEqual([10.5, 20]);
      expect(await range(0, 100, 2)).toEqual([10, 10.5]);
      expect(await range(11, 20)).toEqual([]);
    });

    test('keeps hosts apart whose names are close', async () => {
      const names = ['a', 'a:1', 'a%3A1', '{a}', 'a}', 'ä', 'a ', 'A'].map(host);
      await store.write(
        names.map((id, i) => reportOf(id, NOW, { x: i })),
        TTL_MS,
      );
      const found = await Promise.all(names.map((id) => store.point(id, NOW)));
      expect(found.map((report) => report && toPlain(report).metrics['x'])).toEqual(names.map((_, i) => i));
    });

    test('knows a host by its oldest, newest and latest report, in any order', async () => {
      const id = host('meta');
      const labelled = { ...reportOf(id, NOW + 5, { x: 5 }), labels: { rack: 'r1' } };
      await store.write([labelled], TTL_MS);
      await store.write([reportOf(id, NOW + 1, { x: 1 })], TTL_MS);
      const known = await store.host(id);
      expect(known).toMatchObject({
        hostId: id,
        firstSeen: NOW + 1,
        lastSeen: NOW + 5,
        labels: { rack: 'r1' },
      });
      expect(known && toPlain(known.latest).metrics).toEqual({ x: 5 });
    });

    test('lists hosts, the one seen last first, in pages', async () => {
      const future = NOW * 2;
      await store.write(
        [1, 2, 3].map((n) => reportOf(host(`list-${n}`), future + n, { x: n })),
        TTL_MS,
      );
      expect(await store.hostIds(0, 2)).toEqual([host('list-3'), host('list-2')]);
      expect((await store.hostIds(2, 1))[0]).toBe(host('list-1'));
    });

    test('forgets reports after their lifetime, and the host keeps its latest', async () => {
      const id = host('expiring');
      await store.write([reportOf(id, NOW, { x: 1 })], 50);
      await vi.waitFor(async () => expect(await store.point(id, NOW)).toBeUndefined(), { timeout: 3_000 });
      expect(await store.range(id, 0, NOW + 1, 10)).toEqual([]);
      expect((await store.host(id))?.latest.timestamp).toBe(NOW);
      expect(await store.write([reportOf(id, NOW, { x: 2 })], TTL_MS)).toEqual(['written']);
    });

    test('takes a batch of a thousand reports with many schemas', async () => {
      const reports = Array.from({ length: 1_000 }, (_, i) =>
        reportOf(host(`many-${i % 50}`), NOW + i, { [`m${i % 7}`]: i }),
      );
      expect(new Set(await store.write(reports, 60 * TTL_MS))).toEqual(new Set(['written']));
      expect(await store.range(host('many-3'), NOW, NOW + 1_000, 100)).toHaveLength(20);
    });

    test('has an identity that stays', async () => {
      expect(await store.identity()).toBe(await store.identity());
    });
  });
}
