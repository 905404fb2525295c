import { describe, expect, test } from 'vitest';
import {
  CLOSE_FROM_BYTES,
  compileFilter,
  CONFLATE_FROM_BYTES,
  DRAIN_TIMEOUT_MS,
  LatestTable,
  LiveChannel,
  LiveSession,
  parseServerFrame,
  SchemaBook,
  SUBSCRIBES_BURST,
  SUBSCRIPTIONS_MAX,
  type LiveReport,
  type ServerFrame,
  type SessionEffect,
  type SessionMoment,
  type SubscribeFrame,
} from './index.ts';

function at(bufferedBytes = 0, monotonicMs = 0): SessionMoment {
  return { bufferedBytes, monotonicMs, wallMs: 1_000 };
}

const slow = at(CONFLATE_FROM_BYTES);

type Metrics = Readonly<Record<string, number>>;

function report(hostId: string, timestamp: number, metrics: Metrics = { load1: timestamp }): LiveReport {
  const keys = Object.keys(metrics).sort();
  const values = keys.map((key) => metrics[key] as number);
  const schema = { hash: keys.join(), keys };
  return { hostId, timestamp, intervalMs: 1_000, labels: {}, schema, values };
}

function channelOf(fields: Partial<SubscribeFrame> = {}): LiveChannel {
  return new LiveChannel('s', compileFilter({ id: 's', ...fields }));
}

function framesOf(effects: readonly SessionEffect[], shared = ''): ServerFrame[] {
  return effects.flatMap((effect) => {
    if (effect.kind === 'send') return [parseServerFrame(effect.text)];
    return effect.kind === 'forward' ? [parseServerFrame(shared)] : [];
  });
}

/** What a client has made of its frames: the metrics it holds for each host, by the rules of frame.ts. */
class Reader {
  readonly #book = new SchemaBook();
  readonly latest = new Map<string, Record<string, number | null>>();
  readonly seen: string[] = [];
  skipped = 0;

  read(frames: readonly ServerFrame[]): this {
    for (const frame of frames) {
      if (frame.type !== 'snapshot' && frame.type !== 'update') continue;
      if (frame.type === 'snapshot' && frame.first) this.#book.clear();
      if (frame.type === 'update') this.skipped += frame.skipped ?? 0;
      this.#book.learn(frame.schemas);
      for (const wire of frame.reports) {
        const { host, timestamp, keys, values } = this.#book.decode(wire);
        this.seen.push(`${host}@${timestamp}`);
        this.latest.set(host, Object.fromEntries(keys.map((key, i) => [key, values[i] ?? null])));
      }
    }
    return this;
  }
}

/** A session that has begun with `latest` and the reader of its frames. */
function begun(
  channel: LiveChannel,
  latest: readonly LiveReport[] = [],
): { session: LiveSession; reader: Reader } {
  const session = new LiveSession();
  const reader = new Reader().read(framesOf(session.begin(channel, channel.snapshot(latest), at())));
  return { session, reader };
}

describe('subscribing', () => {
  const subscribe = (id: string): string => JSON.stringify({ v: 1, type: 'subscribe', id });

  test('asks for the channel, and an unsubscription drops it', () => {
    const session = new LiveSession();
    const opened = session.receive(subscribe('s'), at());
    expect(opened).toEqual([{ kind: 'open', frame: { type: 'subscribe', id: 's' } }]);
    const channel = channelOf();
    session.begin(channel, channel.snapshot([]), at());
    const dropped = session.receive('{"v":1,"type":"unsubscribe","id":"s"}', at());
    expect(dropped).toEqual([{ kind: 'drop', channel }]);
    expect([...session.channels()]).toEqual([]);
  });

  test('one that waits for its snapshot counts, gets nothing, and may be dropped', () => {
    const channel = channelOf();
    const session = new LiveSession();
    session.wait(channel);
    const update = channel.update([report('a', 1)], 0);
    expect(update && session.offer(channel, update, at())).toEqual([]);
    expect(session.drain(at())).toEqual([]);
    const dropped = session.receive('{"v":1,"type":"unsubscribe","id":"s"}', at());
    expect(dropped).toEqual([{ kind: 'drop', channel }]);
  });

  test(`more than ${SUBSCRIBES_BURST} at once are refused, then one a second is taken`, () => {
    const session = new LiveSession();
    const again = (id: string, atMs: number) => session.receive(subscribe(id), at(0, atMs));
    for (let i = 0; i < SUBSCRIBES_BURST; i++) expect(again(`s${i}`, 0)).toMatchObject([{ kind: 'open' }]);
    const refusal = {
      code: 'resource_exhausted',
      reason: 'too_many_subscribes',
      id: 'x',
      retryAfterMs: 1_000,
    };
    expect(framesOf(again('x', 0))).toMatchObject([refusal]);
    expect(framesOf(again('x', 750))).toMatchObject([{ ...refusal, retryAfterMs: 250 }]);
    expect(again('x', 1_000)).toMatchObject([{ kind: 'open' }]);
  });

  test('the same id again replaces the subscription', () => {
    const channel = channelOf();
    const { session } = begun(channel);
    expect(session.receive(subscribe('s'), at()).map((effect) => effect.kind)).toEqual(['drop', 'open']);
  });

  test(`more than ${SUBSCRIPTIONS_MAX} subscriptions are refused, and the others stay`, () => {
    const session = new LiveSession();
    for (let i = 0; i < SUBSCRIPTIONS_MAX; i++) {
      const channel = new LiveChannel(`s${i}`, compileFilter({ id: `s${i}` }));
      session.begin(channel, channel.snapshot([]), at());
    }
    const [frame] = framesOf(session.receive(subscribe('one-more'), at()));
    expect(frame).toMatchObject({ type: 'error', reason: 'too_many_subscriptions', id: 'one-more' });
    expect([...session.channels()]).toHaveLength(SUBSCRIPTIONS_MAX);
  });

  test('a malformed frame is answered with its code and changes nothing', () => {
    const { session } = begun(channelOf());
    const frames = framesOf(session.receive('{}', at()));
    expect(frames).toMatchObject([{ type: 'error', code: 'invalid_argument' }]);
    expect([...session.channels()]).toHaveLength(1);
  });

  test('a ping is answered with its nonce and the time', () => {
    const frames = framesOf(new LiveSession().receive('{"v":1,"type":"ping","nonce":5}', at()));
    expect(frames).toMatchObject([{ type: 'pong', nonce: 5, serverTimeMs: 1_000 }]);
  });

  test('a client that floods is refused, then closed with 1008, unless it pauses', () => {
    const ping = '{"v":1,"type":"ping"}';
    const session = new LiveSession();
    const codes = Array.from({ length: 41 }, () => framesOf(session.receive(ping, at()))[0]?.type);
    expect(codes.filter((type) => type === 'pong')).toHaveLength(40);
    expect(codes.at(-1)).toBe('error');
    expect(framesOf(session.receive(ping, at(0, 1_000)))[0]?.type).toBe('pong');
    const effects = Array.from({ length: 200 }, () => session.receive(ping, at(0, 1_000))).flat();
    expect(effects.at(-1)).toMatchObject({ kind: 'close', code: 1008 });
  });
});

describe('delivery', () => {
  test('a snapshot says first and complete, and carries hosts and schemas', () => {
    const channel = channelOf();
    const session = new LiveSession();
    const frames = framesOf(session.begin(channel, channel.snapshot([report('a', 1), report('b', 2)]), at()));
    const schemas = [{ keys: ['load1'] }];
    expect(frames).toMatchObject([{ type: 'snapshot', first: true, complete: true, schemas }]);
    expect(new Reader().read(frames).latest.size).toBe(2);
  });

  test('an empty snapshot is sent too, so that the page knows there is nothing', () => {
    const channel = channelOf();
    const frames = framesOf(new LiveSession().begin(channel, channel.snapshot([]), at()));
    expect(frames).toMatchObject([{ type: 'snapshot', complete: true, reports: [] }]);
  });

  test('a large snapshot comes in several frames, each as the socket drains', () => {
    const channel = channelOf();
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`m${i}`, i]));
    const latest = Array.from({ length: 100 }, (_, i) => report(`h${i}`, 1, wide));
    const session = new LiveSession();
    const first = framesOf(session.begin(channel, channel.snapshot(latest), at(CONFLATE_FROM_BYTES - 1)));
    expect(first).toMatchObject([{ type: 'snapshot', first: true, complete: false }]);
    expect(session.drain(slow)).toEqual([]);
    const rest = framesOf(session.drain(at()));
    expect(rest.at(-1)).toMatchObject({ first: false, complete: true });
    expect(new Reader().read([...first, ...rest]).latest.size).toBe(100);
  });

  test('viewers that keep up share one text', () => {
    const channel = channelOf();
    const one = begun(channel, [report('a', 1)]);
    const two = begun(channel, [report('a', 1)]);
    const update = channel.update([report('a', 2)], 0);
    expect(update).toBeDefined();
    if (update === undefined) return;
    expect(one.session.offer(channel, update, at())).toEqual([{ kind: 'forward' }]);
    expect(two.session.offer(channel, update, at())).toEqual([{ kind: 'forward' }]);
  });

  test('a channel sends wanted hosts and series only, and nothing when none is wanted', () => {
    const channel = channelOf({ hosts: { globs: ['web-*'] }, metrics: { names: ['load1'] } });
    channel.update([report('web-1', 1, { load1: 1, load5: 2 }), report('db-1', 1)], 0);
    Array.from(channel.judge());
    const update = channel.update([], 0);
    expect(update?.reports).toEqual([{ host: 'web-1', timestamp: 1, schema: 0, values: [1] }]);
    expect(channel.update([report('db-1', 2)], 0)).toBeUndefined();
  });

  test('a viewer gets nothing of a channel it does not listen to, even one with the same id', () => {
    const mine = channelOf({ hosts: { ids: ['a'] } });
    const other = channelOf({ hosts: { ids: ['b'] } });
    const { session } = begun(mine, [report('a', 1)]);
    const update = other.update([report('b', 2)], 0);
    expect(update && session.offer(other, update, at())).toEqual([]);
  });

  test('a viewer that came after a schema was announced is told it when it is used again', () => {
    const channel = channelOf();
    channel.update([report('a', 1, { rare: 1 })], 0);
    const { session, reader } = begun(channel, [report('a', 2)]);
    const update = channel.update([report('a', 3, { rare: 3 })], 0);
    if (update === undefined) throw new Error('the report is wanted');
    reader.read(framesOf(session.offer(channel, update, at()), update.text));
    expect(reader.latest.get('a')).toEqual({ rare: 3 });
  });
});

describe('a slow viewer', () => {
  type Begun = ReturnType<typeof begun>;

  function pour(channel: LiveChannel, viewer: Begun, reports: LiveReport[], moment = at()): void {
    const { session, reader } = viewer;
    const update = channel.update(reports, 0);
    if (update !== undefined) reader.read(framesOf(session.offer(channel, update, moment), update.text));
  }

  test('gets the newest report of each host once it drains, and is told what was skipped', () => {
    const channel = channelOf();
    const viewer = begun(channel, [report('a', 1), report('b', 1)]);
    const { session, reader } = viewer;
    for (let t = 2; t <= 10; t++) pour(channel, viewer, [report('a', t), report('b', t)], slow);
    expect(reader.seen).toEqual(['a@1', 'b@1']);
    reader.read(framesOf(session.drain(at())));
    expect(reader.seen.slice(2)).toEqual(['a@10', 'b@10']);
    expect(reader.skipped).toBe(16);
  });

  test('reads on correctly after a schema was announced and replaced while it was slow', () => {
    const channel = channelOf();
    const viewer = begun(channel, [report('a', 1)]);
    pour(channel, viewer, [report('a', 2, { passing: 2 })], slow);
    pour(channel, viewer, [report('a', 3)], slow);
    viewer.reader.read(framesOf(viewer.session.drain(at())));
    pour(channel, viewer, [report('b', 4, { passing: 4 })]);
    expect(viewer.reader.latest.get('b')).toEqual({ passing: 4 });
  });

  test('is closed with 1013 at 1 MiB of unsent data', () => {
    const { session } = begun(channelOf());
    expect(session.drain(at(CLOSE_FROM_BYTES)).at(-1)).toMatchObject({ kind: 'close', code: 1013 });
    expect(session.receive('{"v":1,"type":"ping"}', at())).toEqual([]);
  });

  test('is closed with 1013 after 30 s without draining, but not if it drained in between', () => {
    const { session } = begun(channelOf());
    expect(session.drain(at(CONFLATE_FROM_BYTES, 0))).toEqual([]);
    expect(session.drain(at(0, 10_000))).toEqual([]);
    expect(session.drain(at(CONFLATE_FROM_BYTES, 20_000))).toEqual([]);
    expect(session.drain(at(CONFLATE_FROM_BYTES, 20_000 + DRAIN_TIMEOUT_MS - 1))).toEqual([]);
    const closed = session.drain(at(CONFLATE_FROM_BYTES, 20_000 + DRAIN_TIMEOUT_MS));
    expect(closed.at(-1)).toMatchObject({ kind: 'close', code: 1013 });
  });
});

describe('the newest report of each host', () => {
  test('a repeat or an older report is refused', () => {
    const table = new LatestTable();
    expect(table.offer(report('a', 5))).toBeDefined();
    expect(table.offer(report('a', 5))).toBeUndefined();
    expect(table.offer(report('a', 4))).toBeUndefined();
    expect(table.get('a')?.timestamp).toBe(5);
  });

  test('labels stay when a report says nothing about them, as the same object when equal', () => {
    const table = new LatestTable();
    const first = table.offer({ ...report('a', 1), labels: { rack: 'r7' } });
    const second = table.offer({ ...report('a', 2), labels: undefined });
    const third = table.offer({ ...report('a', 3), labels: { rack: 'r7' } });
    const fourth = table.offer({ ...report('a', 4), labels: { rack: 'r8' } });
    expect(second?.labels).toBe(first?.labels);
    expect(third?.labels).toBe(first?.labels);
    expect(fourth?.labels).toEqual({ rack: 'r8' });
  });

  test('beyond its capacity the host that was silent for longest goes', () => {
    const table = new LatestTable(2);
    for (const [host, t] of [
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['c', 1],
    ] as const)
      table.offer(report(host, t));
    expect([...table.values()].map((kept) => kept.hostId)).toEqual(['a', 'c']);
  });
});
