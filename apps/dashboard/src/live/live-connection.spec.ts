import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import { encodeFrame, type ServerFrame } from '@ringwatch/live';
import { beforeEach, expect, test } from 'vitest';
import { LiveConnection, type Socket } from './live-connection.ts';
import type { SeenReport } from './subscription.ts';

class FakeSocket implements Socket {
  readonly sent: string[] = [];
  closed = false;
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  send = (text: string): void => void this.sent.push(text);
  close = (): void => void (this.closed = true);
  say = (frame: ServerFrame): void => this.onmessage?.({ data: encodeFrame(frame) });
}

let clock: FakeClock;
let sockets: FakeSocket[];
let connection: LiveConnection;
let received: SeenReport[];
let resets: number;

const newest = (): FakeSocket => sockets.at(-1) as FakeSocket;
const phase = (): string => connection.state.value.phase;

function snapshot(hosts: readonly string[], ageMs = 0): ServerFrame {
  const serverTimeMs = clock.nowMs();
  const timestamp = (serverTimeMs - ageMs) / 1000;
  const reports = hosts.map((host) => ({ host, timestamp, schema: 0, values: [1] }));
  const known = hosts.map((host) => ({ host, intervalMs: 1_000, labels: {} }));
  const schemas = [{ id: 0, keys: ['load1'] }];
  const shared = { type: 'snapshot', id: 'fleet', first: true, complete: true } as const;
  return { ...shared, serverTimeMs, schemas, hosts: known, reports };
}

function update(host: string): ServerFrame {
  const serverTimeMs = clock.nowMs();
  const reports = [{ host, timestamp: serverTimeMs / 1000, schema: 0, values: [2] }];
  return { type: 'update', id: 'fleet', serverTimeMs, reports };
}

function welcome(): ServerFrame {
  const status = { state: 'live', partial: false, missing: [], sinceMs: 0 } as const;
  const backends = { store: 'redis' };
  return { type: 'welcome', serverTimeMs: clock.nowMs(), intervalMs: 1_000, backends, status };
}

beforeEach(() => {
  clock = new FakeClock();
  sockets = [];
  received = [];
  resets = 0;
  connection = new LiveConnection({
    clock,
    random: new SeededRandom(1),
    openSocket: () => {
      sockets.push(new FakeSocket());
      return newest();
    },
  });
  const receive = (_hosts: unknown, reports: readonly SeenReport[]): void => void received.push(...reports);
  connection.subscribe({ type: 'subscribe', id: 'fleet' }, { reset: () => void resets++, receive });
  connection.connect();
  newest().onopen?.();
  newest().say(welcome());
});

test('subscribes as soon as the socket is open and hands on what it decodes', () => {
  expect(newest().sent).toEqual([encodeFrame({ type: 'subscribe', id: 'fleet' })]);
  newest().say(snapshot(['web-1']));
  expect(received).toMatchObject([{ host: 'web-1', keys: ['load1'], values: [1] }]);
  expect(phase()).toBe('live');
  expect(connection.state.value.backends).toEqual({ store: 'redis' });
});

test('a subscription that is refused for now is asked for again, once, when the gateway says', async () => {
  const refusal = { type: 'error', code: 'resource_exhausted', reason: 'too_many_subscribes' } as const;
  newest().sent.length = 0;
  newest().say({ ...refusal, detail: 'later', id: 'fleet', retryAfterMs: 400 });
  newest().say({ ...refusal, detail: 'later', id: 'fleet', retryAfterMs: 500 });
  await clock.advance(499);
  expect(newest().sent).toEqual([]);
  await clock.advance(1_000);
  expect(newest().sent).toEqual([encodeFrame({ type: 'subscribe', id: 'fleet' })]);
});

test('a subscription that is over is not asked for again', async () => {
  const unsubscribe = connection.subscribe(
    { type: 'subscribe', id: 'host' },
    { reset: () => undefined, receive: () => undefined },
  );
  const code = 'resource_exhausted';
  newest().say({ type: 'error', code, reason: code, detail: 'later', id: 'host', retryAfterMs: 400 });
  unsubscribe();
  newest().sent.length = 0;
  await clock.advance(1_000);
  expect(newest().sent).toEqual([]);
});

test('a fleet without hosts is empty', () => {
  newest().say(snapshot([]));
  expect(phase()).toBe('empty');
});

test('three intervals without a report make it stale, the next report live again', async () => {
  newest().say(snapshot(['web-1']));
  await clock.advance(2_999);
  expect(phase()).toBe('live');
  await clock.advance(1);
  expect(phase()).toBe('stale');
  newest().say(update('web-1'));
  expect(phase()).toBe('live');
});

test('a snapshot of old reports is stale, not live', () => {
  newest().say(snapshot(['web-1'], 60_000));
  expect(phase()).toBe('stale');
  expect(received[0]?.seenAtMs).toBe(clock.nowMs() - 60_000);
});

test('a gateway that lost its brokers makes the page stale', () => {
  newest().say(snapshot(['web-1']));
  newest().say({ type: 'status', status: { state: 'away', partial: true, missing: ['broker'], sinceMs: 0 } });
  expect(phase()).toBe('stale');
  expect(connection.state.value.source?.missing).toEqual(['broker']);
});

test('a lost socket is opened again with a countdown, and its subscriptions are made again', async () => {
  newest().say(snapshot(['web-1']));
  newest().onclose?.({ code: 1006, reason: '' });
  expect(phase()).toBe('reconnecting');
  expect(connection.state.value.retryAtMs).toBeGreaterThan(clock.nowMs());
  await clock.advance(1_100);
  expect(sockets).toHaveLength(2);
  newest().onopen?.();
  expect(newest().sent).toHaveLength(1);
  newest().say(welcome());
  expect(phase()).toBe('reconnecting');
  newest().say(snapshot(['web-1']));
  expect([phase(), resets]).toEqual(['live', 2]);
});

test('waits longer from try to try, but never longer than its cap', async () => {
  const waits: number[] = [];
  for (let attempt = 0; attempt < 30; attempt++) {
    newest().onclose?.({ code: 1006, reason: '' });
    waits.push((connection.state.value.retryAtMs as number) - clock.nowMs());
    await clock.advance((waits.at(-1) as number) + 1);
  }
  expect(Math.max(...waits)).toBeGreaterThan(5_000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(15_500);
});

test('what the server left out is counted, with its time', () => {
  newest().say(snapshot(['web-1']));
  newest().say({ ...update('web-1'), skipped: 3 } as ServerFrame);
  newest().say({ ...update('web-1'), skipped: 2 } as ServerFrame);
  expect(connection.state.value).toMatchObject({ skipped: 5, skippedAtMs: clock.nowMs() });
});

test('a refusal is an error and is not tried again by itself', async () => {
  newest().onclose?.({ code: 1008, reason: 'origin' });
  await clock.advance(60_000);
  expect([phase(), sockets.length]).toEqual(['error', 1]);
  connection.connect();
  expect([phase(), sockets.length]).toEqual(['connecting', 2]);
});

test('a gateway of another version is an error that says to reload', () => {
  newest().onmessage?.({ data: '{"v":2,"type":"welcome"}' });
  expect(phase()).toBe('error');
  expect(connection.state.value.fault?.title).toContain('reload');
});

test('a frame that cannot be decoded ends the socket instead of showing half of it', () => {
  newest().say(snapshot(['web-1']));
  const reports = [{ host: 'web-1', timestamp: 1, schema: 9, values: [1] }];
  newest().say({ type: 'update', id: 'fleet', serverTimeMs: 0, reports });
  expect([phase(), sockets[0]?.closed]).toEqual(['reconnecting', true]);
});

test('a socket that says nothing at all is given up, one that answers pings is kept', async () => {
  newest().say(snapshot(['web-1']));
  for (let i = 0; i < 6; i++) {
    await clock.advance(10_000);
    newest().say({ type: 'pong', serverTimeMs: 0 });
  }
  expect([phase(), sockets.length]).toEqual(['stale', 1]);
  await clock.advance(40_000);
  expect(sockets[0]?.closed).toBe(true);
});
