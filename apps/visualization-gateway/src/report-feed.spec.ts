import type { SubscriptionEvent } from '@ringwatch/broker-client';
import { Fault } from '@ringwatch/kernel';
import { FakeClock, settle } from '@ringwatch/kernel/fake';
import { LatestTable, type SourceStatus } from '@ringwatch/live';
import { packValues, schemaOf, type Report } from '@ringwatch/metrics';
import { beforeEach, expect, test } from 'vitest';
import { ReportFeed } from './report-feed.ts';

const schema = schemaOf(['load1']);

function report(hostId: string, timestamp: number): Report {
  const values = packValues([timestamp]);
  return { hostId, timestamp, intervalMs: 0, labels: undefined, schema, values, late: false };
}

function reset(logId: string, reports: readonly Report[], complete = true): SubscriptionEvent {
  return { kind: 'reset', logId, index: 1, reports, complete };
}

const idle: SubscriptionEvent = { kind: 'idle', index: 1 };
const fault = new Fault('unavailable', 'connection refused');
const disconnected: SubscriptionEvent = { kind: 'disconnected', broker: '127.0.0.1:7102', fault };

/** Events as a test pushes them. */
class Events implements AsyncIterable<SubscriptionEvent> {
  #wake: (event: SubscriptionEvent) => void = () => undefined;

  async *[Symbol.asyncIterator](): AsyncGenerator<SubscriptionEvent> {
    for (;;) yield await new Promise<SubscriptionEvent>((resolve) => (this.#wake = resolve));
  }

  async push(event: SubscriptionEvent): Promise<void> {
    this.#wake(event);
    await settle();
  }
}

let clock: FakeClock;
let latest: LatestTable;
let feed: ReportFeed;
let events: Events;
let states: string[];
let snapshots: number;
let fresh: string[];

beforeEach(async () => {
  clock = new FakeClock();
  latest = new LatestTable();
  feed = new ReportFeed({ latest, clock });
  events = new Events();
  states = [];
  snapshots = 0;
  fresh = [];
  void feed.follow(events, {
    onReports: (reports) => fresh.push(...reports.map(({ hostId, timestamp }) => `${hostId}@${timestamp}`)),
    onSnapshot: () => void snapshots++,
    onStatus: ({ state }: SourceStatus) => states.push(state),
  });
  await settle();
});

test('is primed by the last part of a snapshot, not by the first', async () => {
  await events.push(reset('log', [report('a', 1)], false));
  expect([feed.primed, snapshots, states]).toEqual([false, 0, []]);
  await events.push(reset('log', [report('b', 1)]));
  expect([feed.primed, snapshots, states, latest.size]).toEqual([true, 1, ['live'], 2]);
});

test('what the snapshot had is not news again', async () => {
  await events.push(reset('log', [report('a', 1)]));
  await events.push({ kind: 'applied', index: 2, reports: [report('a', 1), report('a', 2)] });
  expect(fresh).toEqual(['a@2']);
});

test('a stream that only idles stays live, one that falls silent is stale until its next word', async () => {
  await events.push(reset('log', []));
  await clock.advance(2_000);
  await events.push(idle);
  await clock.advance(3_000);
  expect(states).toEqual(['live']);
  await clock.advance(1_000);
  expect(states).toEqual(['live', 'stale']);
  await events.push(idle);
  expect(states).toEqual(['live', 'stale', 'live']);
});

test('a stream handed over at once stays live, one that stays down is away, with its reason', async () => {
  await events.push(reset('log', []));
  await events.push(disconnected);
  await clock.advance(500);
  await events.push(idle);
  expect(states).toEqual(['live']);
  await events.push(disconnected);
  await clock.advance(400);
  await events.push(disconnected);
  await clock.advance(1_000);
  expect(states).toEqual(['live', 'away']);
  expect(feed.status.missing[0]).toContain('connection refused');
});

test('another log voids what was known, the same log only adds to it', async () => {
  await events.push(reset('log', [report('a', 1)]));
  await events.push(reset('log', [report('b', 1)]));
  expect(latest.size).toBe(2);
  await events.push(reset('other', [report('c', 1)]));
  expect([...latest.values()].map(({ hostId }) => hostId)).toEqual(['c']);
});
