import { Fault } from '@ringwatch/kernel';
import { FakeClock, MemoryLogger, SeededRandom, settle } from '@ringwatch/kernel/fake';
import { packValues, sameReport, schemaOf, valueAt, type Report } from '@ringwatch/metrics';
import { afterEach, describe, expect, test } from 'vitest';
import type { FeedEvent } from './feed.ts';
import { PartitionState, type PartitionSettings } from './partition-state.ts';
import type { CommitLog, HistoryOutcome, ReportHistory } from './ports.ts';
import { Replica } from './replica.ts';
import { decodeSnapshot } from './snapshot.ts';

const SETTINGS: PartitionSettings = {
  retainedMs: 60_000,
  newHostsPerHourMax: 1_000,
  newSchemasPerHostHourMax: 100,
};
const TTL_MS = 900_000;
const schema = schemaOf(['load1']);

/** A log in memory that trims exactly. */
class ListLog implements CommitLog {
  readonly logId = 'list';
  readonly payloads: Buffer[] = [];
  firstIndex = 1;
  get lastIndex(): number {
    return this.payloads.length;
  }
  get sizeBytes(): number {
    return this.payloads.slice(this.firstIndex - 1).reduce((sum, payload) => sum + payload.length, 0);
  }
  async read(index: number): Promise<Buffer> {
    if (index < this.firstIndex || index > this.lastIndex) throw new Fault('out_of_range', 'not retained');
    return this.payloads[index - 1] as Buffer;
  }
  trimPoint(index: number): number {
    return Math.max(index, this.firstIndex);
  }
  async trim(index: number): Promise<void> {
    this.firstIndex = this.trimPoint(index);
  }
}

/** A history that remembers, and can be away or become another one. */
class ListHistory implements ReportHistory {
  readonly written: Report[] = [];
  away = false;
  id = 'first';
  async write(reports: readonly Report[]): Promise<HistoryOutcome[]> {
    this.#check();
    const outcomes: HistoryOutcome[] = [];
    for (const report of reports) {
      const stored = await this.point(report.hostId, report.timestamp);
      if (stored === undefined) this.written.push(report);
      outcomes.push(stored === undefined ? 'written' : sameReport(stored, report) ? 'duplicate' : 'conflict');
    }
    return outcomes;
  }
  async identity(): Promise<string> {
    this.#check();
    return this.id;
  }
  async point(hostId: string, timestamp: number): Promise<Report | undefined> {
    this.#check();
    return this.written.find((report) => report.hostId === hostId && report.timestamp === timestamp);
  }
  async range(hostId: string, start: number, end: number): Promise<Report[]> {
    this.#check();
    return this.written.filter((r) => r.hostId === hostId && r.timestamp >= start && r.timestamp < end);
  }
  #check(): void {
    if (this.away) throw new Fault('unavailable', 'away');
  }
}

class Bench {
  readonly clock = new FakeClock();
  readonly log = new ListLog();
  readonly history = new ListHistory();
  readonly snapshots: { index: number; data: Buffer }[] = [];
  readonly replica: Replica;

  constructor(options: { logBytesMax?: number; cacheBytesMax?: number } = {}) {
    this.replica = new Replica({
      clock: this.clock,
      random: new SeededRandom(1),
      logger: new MemoryLogger(),
      state: new PartitionState(SETTINGS),
      log: this.log,
      snapshots: { save: async (snapshot) => void this.snapshots.push(snapshot) },
      history: this.history,
      ttlMs: () => TTL_MS,
      futureMaxMs: () => 0,
      ...options,
    });
    const propose = async (payload: Buffer) => {
      const index = this.log.payloads.push(payload);
      return { index, result: this.replica.apply(index, payload) };
    };
    this.replica.start({ propose });
    open.push(this);
  }

  /** Seconds of the fake wall clock. */
  get now(): number {
    return this.clock.nowMs() / 1_000;
  }

  async submit(...reports: Report[]): Promise<number[]> {
    const submitted = this.replica.submit(reports);
    await this.clock.advance(2);
    return [...(await submitted).statuses];
  }

  async close(): Promise<void> {
    this.history.away = false;
    const stopped = this.replica.stop(0);
    await this.clock.advance(5_000);
    await stopped;
  }
}

const open: Bench[] = [];
afterEach(async () => {
  for (const bench of open.splice(0)) await bench.close();
});

function report(hostId: string, timestamp: number, load = 1): Report {
  return {
    hostId,
    timestamp,
    intervalMs: 1_000,
    labels: undefined,
    schema,
    values: packValues([load]),
    late: false,
  };
}

describe('submit', () => {
  test('puts concurrent batches into one entry and tells each its own fate', async () => {
    const bench = new Bench();
    const now = bench.now;
    const one = bench.replica.submit([report('a', now), report('b', now)]);
    const two = bench.replica.submit([report('a', now)]);
    await bench.clock.advance(2);
    expect([...(await one).statuses]).toEqual([0, 0]);
    expect([...(await two).statuses]).toEqual([1]);
    expect(bench.log.lastIndex).toBe(1);
  });

  test('refuses when the store is too far behind, and takes reports again after', async () => {
    const bench = new Bench({ logBytesMax: 200 });
    bench.history.away = true;
    await bench.submit(report('a', bench.now));
    await bench.submit(report('a', bench.now + 1), report('a', bench.now + 2));
    await expect(bench.replica.submit([report('b', bench.now)])).rejects.toMatchObject({
      reason: 'log_full',
    });
    bench.history.away = false;
    await bench.clock.advance(3_000);
    expect(await bench.submit(report('b', bench.now))).toEqual([0]);
  });
});

describe('flush', () => {
  test('carries every accepted report to the store once', async () => {
    const bench = new Bench();
    const now = bench.now;
    await bench.submit(...Array.from({ length: 250 }, (_, i) => report('a', now - i / 10)));
    await bench.submit(report('a', now));
    expect(bench.history.written).toHaveLength(250);
    expect(bench.replica.unflushedBytes).toBe(0);
  });

  test('counts late reports whose key the store has already, and goes on', async () => {
    const bench = new Bench();
    const old = bench.now - 120;
    expect(await bench.submit(report('a', old, 1), report('a', old, 2))).toEqual([3, 3]);
    expect(bench.replica.flusher.refused).toBe(1);
    expect(bench.replica.unflushedBytes).toBe(0);
  });

  test('waits for a store that is away and loses nothing', async () => {
    const bench = new Bench();
    bench.history.away = true;
    await bench.submit(report('a', bench.now));
    expect(bench.replica.flusher.state).toBe('failing');
    bench.history.away = false;
    await bench.clock.advance(3_000);
    expect(bench.history.written).toHaveLength(1);
    expect(bench.replica.flusher.state).toBe('ok');
  });

  test('writes everything after the watermark again when the store is another one', async () => {
    const bench = new Bench();
    await bench.submit(report('a', bench.now));
    bench.history.id = 'second';
    bench.history.written.length = 0;
    await bench.submit(report('a', bench.now));
    await bench.clock.advance(10);
    expect(new Set(bench.history.written.map(({ timestamp }) => timestamp)).size).toBe(2);
  });
});

describe('queries', () => {
  test('see what is acknowledged although the store has not', async () => {
    const bench = new Bench();
    bench.history.away = true;
    const now = bench.now;
    await bench.submit(report('a', now, 7));
    const { reports } = await bench.replica.query.point('a', now);
    expect(reports.map((found) => valueAt(found, 0))).toEqual([7]);
  });

  test('merge log and history by timestamp, the log winning, in pages', async () => {
    const bench = new Bench();
    const now = bench.now;
    bench.history.written.push(report('a', now - 2, 1), report('a', now - 1, 1));
    await bench.submit(report('a', now - 1, 1), report('a', now, 3));
    const first = await bench.replica.query.range('a', now - 10, now + 1, 2);
    expect(first.reports.map(({ timestamp }) => timestamp)).toEqual([now - 2, now - 1]);
    expect(first.nextStart).toBe(now);
    const second = await bench.replica.query.range('a', now, now + 1, 2);
    expect(second).toMatchObject({ nextStart: undefined, missing: [] });
  });

  test('say what is missing while the store is away', async () => {
    const bench = new Bench();
    const now = bench.now;
    await bench.submit(report('a', now));
    bench.history.away = true;
    const answer = await bench.replica.query.range('a', now - 10, now + 1, 10);
    expect(answer.reports).toHaveLength(1);
    expect(answer.missing).toEqual([expect.stringContaining('history before')]);
  });

  test('read entries that left the cache back from the log', async () => {
    const bench = new Bench({ cacheBytesMax: 1 });
    const now = bench.now;
    await bench.submit(report('a', now, 1));
    await bench.submit(report('a', now + 1, 2));
    const { reports } = await bench.replica.query.range('a', now, now + 2, 10);
    expect(reports.map((found) => valueAt(found, 0))).toEqual([1, 2]);
  });
});

describe('retention', () => {
  test('forgets what is old, flushed and under the watermark, after a snapshot', async () => {
    const bench = new Bench();
    const now = bench.now;
    await bench.submit(report('a', now));
    await bench.clock.advance(62_000);
    await bench.submit(report('b', bench.now));
    await bench.clock.advance(2_000);
    expect(bench.log.firstIndex).toBe(2);
    expect(bench.replica.state.hosts.get('a')?.timeline.length).toBe(0);
    expect(decodeSnapshot((bench.snapshots[0] as { data: Buffer }).data).hosts.get('a')).toBeDefined();
  });

  test('drops the schemas of what it forgets, and knows them when they come again', async () => {
    const bench = new Bench();
    const other = { ...report('a', bench.now), schema: schemaOf(['other']) };
    await bench.submit(other);
    await bench.submit(report('a', bench.now + 1));
    await bench.clock.advance(130_000);
    expect(Array.from(bench.replica.state.schemas.values(), ({ keys }) => keys[0])).toEqual(['load1']);
    const timestamp = bench.now;
    expect(await bench.submit({ ...other, timestamp })).toEqual([0]);
    expect((await bench.replica.query.point('a', timestamp)).reports[0]?.schema.keys).toEqual(['other']);
  });

  test('keeps what the store has not taken, however old', async () => {
    const bench = new Bench();
    bench.history.away = true;
    await bench.submit(report('a', bench.now));
    await bench.clock.advance(200_000);
    expect(bench.log.firstIndex).toBe(1);
  });
});

describe('feed', () => {
  /** Reads until `count` events came or nothing comes any more. */
  async function collect(
    bench: Bench,
    fromIndex: number,
    count: number,
    logId = 'list',
  ): Promise<FeedEvent[]> {
    const abort = new AbortController();
    const events: FeedEvent[] = [];
    const reading = (async () => {
      for await (const event of bench.replica.feed.read({ logId, fromIndex }, abort.signal)) {
        if (event.kind !== 'idle') events.push(event);
        if (events.length >= count) abort.abort();
      }
    })();
    await settle();
    await bench.clock.advance(2_000);
    abort.abort();
    await reading;
    return events;
  }

  test('starts with the newest report of every host and goes on without a gap', async () => {
    const bench = new Bench();
    await bench.submit(report('a', bench.now, 1), report('b', bench.now, 1));
    await bench.submit(report('a', bench.now + 1, 2));
    const [reset] = await collect(bench, 0, 1);
    expect(reset).toMatchObject({ kind: 'reset', index: 2, complete: true });
    expect(reset?.kind === 'reset' && reset.reports.map(({ hostId }) => hostId).toSorted()).toEqual([
      'a',
      'b',
    ]);
  });

  test('resumes from an index without a gap or a duplicate', async () => {
    const bench = new Bench();
    for (let i = 0; i < 5; i++) await bench.submit(report('a', bench.now + i));
    const events = await collect(bench, 3, 3);
    expect(events.map((event) => event.kind === 'applied' && event.index)).toEqual([3, 4, 5]);
  });

  test.each([
    ['another log', 3, 'other'],
    ['an index that is not there yet', 99, 'list'],
  ])('resets a cursor of %s', async (_title, fromIndex, logId) => {
    const bench = new Bench();
    for (let i = 0; i < 5; i++) await bench.submit(report('a', bench.now + i));
    const [event] = await collect(bench, fromIndex, 1, logId);
    expect(event?.kind).toBe('reset');
  });

  test('says that it is alive when nothing happens', async () => {
    const bench = new Bench();
    await bench.submit(report('a', bench.now));
    const abort = new AbortController();
    const events = bench.replica.feed.read({ logId: 'list', fromIndex: 2 }, abort.signal);
    const next = events.next();
    await bench.clock.advance(1_000);
    expect((await next).value).toEqual({ kind: 'idle', index: 1 });
    abort.abort();
  });
});
