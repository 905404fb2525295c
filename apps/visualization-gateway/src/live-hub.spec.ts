import { FakeClock } from '@ringwatch/kernel/fake';
import { CLOSE_FROM_BYTES, CONFLATE_FROM_BYTES, LatestTable, parseServerFrame } from '@ringwatch/live';
import { beforeEach, describe, expect, test } from 'vitest';
import { LiveHub, TICK_MS, type Viewer } from './live-hub.ts';

class FakeViewer implements Viewer {
  bufferedBytes = 0;
  closed: number | undefined;
  readonly sent: (string | Buffer)[] = [];
  send = (data: string | Buffer): void => void this.sent.push(data);
  close = (code: number): void => void (this.closed = code);
  types = (): string[] => this.sent.map((data) => parseServerFrame(data.toString()).type);
}

const schema = { hash: 'h', keys: ['load1'] };
const status = { state: 'live', partial: false, missing: [], sinceMs: 0 } as const;

let clock: FakeClock;
let latest: LatestTable;
let ready: boolean;
let hub: LiveHub;

beforeEach(() => {
  clock = new FakeClock();
  latest = new LatestTable();
  ready = true;
  hub = new LiveHub({
    clock,
    latest,
    ready: () => ready,
    status: () => status,
    intervalMs: () => 1_000,
    backends: {},
  });
  hub.start();
});

function apply(host: string, timestamp: number): void {
  const report = { hostId: host, timestamp, intervalMs: 0, labels: undefined, schema, values: [timestamp] };
  const fresh = latest.offer(report);
  if (fresh !== undefined) hub.publish([fresh]);
}

function enter(filter: object = {}): FakeViewer {
  const viewer = new FakeViewer();
  hub.enter(viewer);
  hub.receive(viewer, JSON.stringify({ v: 1, type: 'subscribe', id: 'all', ...filter }));
  return viewer;
}

test('reports of one tick leave in one frame', async () => {
  const viewer = enter();
  for (let host = 0; host < 1_000; host++) apply(`h${host}`, 1);
  await clock.advance(TICK_MS);
  expect(viewer.types()).toEqual(['welcome', 'snapshot', 'update']);
});

test('viewers of one subscription get the very same bytes', async () => {
  const viewers = [enter(), enter(), enter()];
  apply('a', 1);
  await clock.advance(TICK_MS);
  const frames = new Set(viewers.map((viewer) => viewer.sent.at(-1)));
  expect(frames.size).toBe(1);
  expect(hub.counts).toMatchObject({ viewers: 3, channels: 1 });
});

test('a viewer that begins between report and tick gets the report once', async () => {
  apply('a', 1);
  const viewer = enter();
  await clock.advance(TICK_MS);
  expect(viewer.types()).toEqual(['welcome', 'snapshot']);
});

test('until the hosts are known a subscription waits instead of being told that there are none', async () => {
  ready = false;
  const viewer = enter();
  await clock.advance(1_000);
  expect(viewer.types()).toEqual(['welcome']);
  ready = true;
  apply('a', 1);
  hub.restart();
  expect(viewer.types()).toEqual(['welcome', 'snapshot']);
});

test('a viewer that unsubscribes while it waits gets nothing later', async () => {
  ready = false;
  const viewer = enter();
  hub.receive(viewer, '{"v":1,"type":"unsubscribe","id":"all"}');
  ready = true;
  hub.restart();
  expect(viewer.types()).toEqual(['welcome']);
});

test('the last viewer takes its channel with it', () => {
  const viewer = enter();
  hub.leave(viewer);
  expect(hub.counts).toMatchObject({ viewers: 0, channels: 0 });
});

test('stopping says goodbye with 1001', () => {
  const viewer = enter();
  hub.stop();
  expect([viewer.types().at(-1), viewer.closed]).toEqual(['closing', 1001]);
});

describe('a subscription with globs', () => {
  const webOnly = { hosts: { globs: ['web-*'] } };

  test('is answered by its snapshot once the hosts are judged, then by updates', async () => {
    apply('web-1', 1);
    const viewer = enter(webOnly);
    expect(viewer.types()).toEqual(['welcome']);
    await clock.advance(TICK_MS);
    apply('web-1', 2);
    apply('web-2', 1);
    await clock.advance(2 * TICK_MS);
    const frames = viewer.sent.slice(1).map((data) => parseServerFrame(data.toString()));
    expect(frames).toMatchObject([
      { type: 'snapshot', complete: true, reports: [{ host: 'web-1', timestamp: 1 }] },
      { type: 'update', reports: [{ host: 'web-1', timestamp: 2 }] },
      { type: 'update', reports: [{ host: 'web-2', timestamp: 1 }] },
    ]);
  });

  test('gets a report that came while its hosts were judged once', async () => {
    apply('web-1', 1);
    const viewer = enter(webOnly);
    apply('web-1', 2);
    apply('web-2', 1);
    await clock.advance(2 * TICK_MS);
    const frames = viewer.sent.slice(1).map((data) => parseServerFrame(data.toString()));
    expect(frames).toMatchObject([{ type: 'snapshot', reports: [{ timestamp: 2 }, { host: 'web-2' }] }]);
  });

  test('costs 5 ms at once at most, and a later viewer without globs does not wait for it', async () => {
    for (let host = 0; host < 1_000; host++) apply(`web-${host}`, 1);
    let workedMs = 0;
    const monotonicMs = clock.monotonicMs.bind(clock);
    clock.monotonicMs = () => monotonicMs() + (workedMs += 1); // Every host takes a millisecond.
    const slow = enter(webOnly);
    let longestMs = 0;
    for (let turn = 0; turn < 150; turn++) {
      const beforeMs = workedMs;
      await clock.advance(5);
      longestMs = Math.max(longestMs, workedMs - beforeMs);
    }
    expect(longestMs).toBeLessThan(20);
    expect([slow.types(), enter().types()]).toEqual([['welcome'], ['welcome', 'snapshot']]);
    for (let turn = 0; turn < 150; turn++) await clock.advance(5);
    expect(slow.types()).toEqual(['welcome', 'snapshot']);
  });

  test('that nobody listens to any more is judged no further', async () => {
    apply('web-1', 1);
    const viewer = enter(webOnly);
    hub.leave(viewer);
    await clock.advance(TICK_MS);
    expect([viewer.types(), hub.counts.channels]).toEqual([['welcome'], 0]);
  });
});

describe('a slow viewer', () => {
  test('holds nobody else up and catches up with the newest when it drains', async () => {
    const slow = enter();
    const quick = enter();
    slow.bufferedBytes = CONFLATE_FROM_BYTES;
    for (let t = 1; t <= 5; t++) {
      apply('a', t);
      await clock.advance(TICK_MS);
    }
    expect([slow.sent.length, quick.sent.length]).toEqual([2, 7]);
    slow.bufferedBytes = 0;
    await clock.advance(TICK_MS);
    const caughtUp = parseServerFrame(String(slow.sent.at(-1)));
    expect(caughtUp).toMatchObject({ type: 'update', skipped: 4, reports: [{ timestamp: 5 }] });
  });

  test('is closed with 1013 when too much waits', async () => {
    const slow = enter();
    slow.bufferedBytes = CLOSE_FROM_BYTES;
    await clock.advance(TICK_MS);
    expect(slow.closed).toBe(1013);
  });
});
