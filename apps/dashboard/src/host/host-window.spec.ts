import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { SeenReport } from '../live/subscription.ts';
import { backfill } from './backfill.ts';
import { ColumnReader, lonePoints, withGaps } from './column-reader.ts';
import { HostWindow, POINTS_MAX } from './host-window.ts';

let snapshots: number[];
let window: HostWindow;

beforeEach(() => {
  snapshots = [];
  window = new HostWindow((newest) => snapshots.push(newest));
});

function seen(timestamp: number, metrics: Readonly<Record<string, number>>): SeenReport {
  const shared = { host: 'a', timestamp, seenAtMs: timestamp * 1000 };
  return { ...shared, keys: Object.keys(metrics), values: Object.values(metrics) };
}

describe('window', () => {
  test('a key that appears later is absent before', () => {
    window.receive([], [seen(1, { load1: 1 }), seen(2, { load1: 2, load5: 5 })]);
    expect([window.times, window.column('load1'), window.column('load5')]).toEqual([
      [1, 2],
      [1, 2],
      [null, 5],
    ]);
  });

  test('whatever way a report comes in and how often, it is there once and in its place', () => {
    const times = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { maxLength: 20 });
    fc.assert(
      fc.property(times, times, (pushed, queried) => {
        const filled = new HostWindow(() => undefined);
        filled.receive(
          [],
          pushed.map((time) => seen(time, { load1: time })),
        );
        filled.merge(queried.map((timestamp) => ({ timestamp, metrics: { load1: timestamp } })));
        const expected = [...new Set([...pushed, ...queried])].sort((a, b) => a - b);
        expect([filled.times, filled.column('load1')]).toEqual([
          expected,
          expected.length > 0 ? expected : [],
        ]);
      }),
    );
  });

  test('says when a snapshot came, so that what lies before can be asked for', () => {
    window.reset();
    window.receive([], [seen(7, { load1: 1 })]);
    window.receive([], [seen(8, { load1: 1 })]);
    window.reset();
    window.receive([], [seen(20, { load1: 1 })]);
    expect(snapshots).toEqual([7, 20]);
    expect(window.times).toEqual([7, 8, 20]);
  });

  test('is bounded: the oldest points go first', () => {
    const reports = Array.from({ length: POINTS_MAX + 5 }, (_, i) => seen(i, { load1: i }));
    window.receive([], reports);
    expect([window.times.length, window.times[0], window.column('load1')[0]]).toEqual([POINTS_MAX, 5, 5]);
    window.trim(POINTS_MAX);
    expect(window.times[0]).toBe(POINTS_MAX);
  });
});

describe('reader', () => {
  test('gauges are read as they are and counters as rates, anew after each change', () => {
    const reader = new ColumnReader(window);
    window.receive([], [seen(1, { load1: 3, jobs_total: 10 }), seen(2, { load1: 4, jobs_total: 15 })]);
    expect([reader.read('load1'), reader.read('jobs_total')]).toEqual([
      [3, 4],
      [null, 5],
    ]);
    window.receive([], [seen(3, { load1: 4, jobs_total: 2 })]);
    expect(reader.read('jobs_total')).toEqual([null, 5, 2]);
  });

  test('a point without neighbours is known, for no line would show it', () => {
    expect([lonePoints([1]), lonePoints([1, null, 2, 3, null, 4]), lonePoints([null, 1, 2])]).toEqual([
      [0],
      [0, 5],
      [],
    ]);
  });

  test('a line breaks where the host was silent', () => {
    expect(withGaps([1, 2, 9], [[1, 2, 3]], 2.5)).toEqual({
      times: [1, 2, 5.5, 9],
      columns: [[1, 2, null, 3]],
    });
  });
});

describe('backfill', () => {
  const page = (nextStart?: number) => {
    const shared = { reports: [{ timestamp: 1, metrics: {} }], partial: true, missing: ['history'] };
    return { ...shared, ...(nextStart !== undefined && { nextStart }) };
  };
  const { signal } = new AbortController();

  test('follows the pages to their end and says once what is missing', async () => {
    const asked: number[] = [];
    let taken = 0;
    const fetchPage = (start: number) =>
      Promise.resolve(page(asked.push(start) < 3 ? start + 10 : undefined));
    const outcome = await backfill(fetchPage, 5, signal, (reports) => (taken += reports.length));
    expect([asked, taken, outcome.missing]).toEqual([[5, 15, 25], 3, ['history']]);
  });

  test('ends when a gateway sends it in circles or on without end', async () => {
    let pages = 0;
    await backfill(
      () => Promise.resolve(page(pages++)),
      5,
      signal,
      () => undefined,
    );
    expect(pages).toBe(1);
    await backfill(
      (start) => Promise.resolve(page(start + pages++ * 0 + 1)),
      5,
      signal,
      () => undefined,
    );
    expect(pages).toBe(21);
  });
});
