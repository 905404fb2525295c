import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import {
  HostStatus,
  MonitorServiceService,
  type ListHostsReply,
  type ListHostsRequest,
  type SubscribeEvent,
  type SubscribeRequest,
} from '@ringwatch/contracts';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import { DEFAULT_LIMITS, packValues, schemaOf, toWire } from '@ringwatch/metrics';
import { BrokerQueries } from './broker-queries.ts';
import { subscribe, type SubscriptionEvent } from './subscribe.ts';

type Answer = (error: { code: status; details: string } | null, reply?: ListHostsReply) => void;
type Stream = ServerWritableStream<SubscribeRequest, SubscribeEvent>;

interface Behaviour {
  readonly listHosts?: (answer: Answer) => void;
  readonly subscribe?: (call: Stream, connection: number) => void;
}

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

const REPLY: ListHostsReply = { hosts: [], nextAfter: '', total: 7, completeness: undefined };
const REQUEST: ListHostsRequest = { after: '', limit: 0, labels: {}, status: HostStatus.UNSPECIFIED };
const obey = (answer: Answer): void => answer(null, REPLY);

/** A broker on a real socket; returns its address and what it was asked. */
async function brokerThat({ listHosts = obey, subscribe: onSubscribe }: Behaviour) {
  const server = new Server();
  const asked = { queries: 0, cursors: [] as SubscribeRequest[] };
  server.addService(MonitorServiceService, {
    getMetrics: () => undefined,
    getLatest: () => undefined,
    listHosts: (_call: ServerUnaryCall<ListHostsRequest, ListHostsReply>, answer: Answer) => {
      asked.queries++;
      listHosts(answer);
    },
    subscribe: (call: Stream) => {
      asked.cursors.push({ logId: call.request.logId, fromIndex: call.request.fromIndex });
      onSubscribe?.(call, asked.cursors.length);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    const done = (error: Error | null, bound: number): void =>
      error === null ? resolve(bound) : reject(error);
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), done);
  });
  opened.push(() => server.forceShutdown());
  return { address: `127.0.0.1:${port}`, asked, stop: () => server.forceShutdown() };
}

function queriesTo(brokers: readonly { address: string }[], deadlineMs = 3_000): BrokerQueries {
  const queries = new BrokerQueries({ brokers: brokers.map((broker) => broker.address), deadlineMs });
  opened.unshift(() => queries.close());
  return queries;
}

describe('queries', () => {
  test('take turns over the brokers', async () => {
    const brokers = [await brokerThat({}), await brokerThat({})];
    const queries = queriesTo(brokers);
    for (let i = 0; i < 6; i++) expect(await queries.listHosts(REQUEST)).toMatchObject({ total: 7 });
    expect(brokers.map((broker) => broker.asked.queries)).toEqual([3, 3]);
  });

  test('succeed while one of two brokers is gone, which is left alone after five failures', async () => {
    const [gone, good] = [await brokerThat({}), await brokerThat({})];
    gone.stop();
    const queries = queriesTo([gone, good]);
    for (let i = 0; i < 14; i++) expect(await queries.listHosts(REQUEST)).toMatchObject({ total: 7 });
    expect(queries.states).toEqual({ [gone.address]: 'open', [good.address]: 'closed' });
  });

  test('a mute broker costs a third of the deadline', async () => {
    const [mute, good] = [await brokerThat({ listHosts: () => undefined }), await brokerThat({})];
    const startMs = performance.now();
    expect(await queriesTo([mute, good], 600).listHosts(REQUEST)).toMatchObject({ total: 7 });
    expect(performance.now() - startMs).toBeLessThan(600);
  });

  test('a question that is wrong is not asked twice, and does not count against the broker', async () => {
    const refusing = await brokerThat({
      listHosts: (answer) => answer({ code: status.INVALID_ARGUMENT, details: 'no' }),
    });
    const queries = queriesTo([refusing]);
    for (let i = 0; i < 6; i++) {
      await expect(queries.listHosts(REQUEST)).rejects.toMatchObject({
        code: 'invalid_argument',
        detail: 'no',
      });
    }
    expect([refusing.asked.queries, queries.states[refusing.address]]).toEqual([6, 'closed']);
  });

  test('at most three attempts are made', async () => {
    const away = await brokerThat({
      listHosts: (answer) => answer({ code: status.UNAVAILABLE, details: 'no leader' }),
    });
    await expect(queriesTo([away]).listHosts(REQUEST)).rejects.toMatchObject({
      code: 'unavailable',
      detail: 'no leader',
    });
    expect(away.asked.queries).toBe(3);
  });
});

const load = schemaOf(['load1']);
const wire = (hostId: string, schema = load) => {
  const values = packValues(schema.keys.map(() => 2));
  return toWire([{ hostId, timestamp: 1, intervalMs: 0, labels: undefined, schema, values, late: false }]);
};
const reset = (index: number, complete = true): SubscribeEvent => ({
  event: { $case: 'reset', value: { logId: 'log-1', index, complete, ...wire('a') } },
});
const applied = (index: number, complete = true, schema = load): SubscribeEvent => ({
  event: { $case: 'applied', value: { index, complete, ...wire('b', schema) } },
});
const idle = (index: number): SubscribeEvent => ({ event: { $case: 'idle', value: { index } } });

/** Collects events until `enough`, moving the clock in small steps beside the real socket. */
async function collect(
  address: string,
  enough: (events: readonly SubscriptionEvent[]) => boolean,
  clock = new FakeClock(),
): Promise<SubscriptionEvent[]> {
  const abort = new AbortController();
  const events: SubscriptionEvent[] = [];
  const reading = (async () => {
    const options = { brokers: [address], signal: abort.signal, clock, random: new SeededRandom(1) };
    for await (const event of subscribe(options)) events.push(event);
  })();
  while (!enough(events)) await clock.advance(5);
  abort.abort();
  await reading;
  expect(clock.pending).toBe(0);
  return events;
}

describe('subscribe', () => {
  test('goes on after the last event seen when the connection is lost', async () => {
    const broker = await brokerThat({
      subscribe: (call, connection) => {
        if (connection === 1) for (const event of [reset(5), applied(6), idle(8)]) call.write(event);
        else call.write(applied(9));
        if (connection === 1) call.emit('error', { code: status.UNAVAILABLE, details: 'stopping' });
      },
    });
    const events = await collect(broker.address, (seen) =>
      seen.some((event) => event.kind === 'applied' && event.index === 9),
    );
    expect(events.map((event) => event.kind)).toEqual([
      'reset',
      'applied',
      'idle',
      'disconnected',
      'applied',
    ]);
    expect(broker.asked.cursors.slice(0, 2)).toEqual([
      { logId: '', fromIndex: 0 },
      { logId: 'log-1', fromIndex: 9 },
    ]);
    expect(events[1]).toMatchObject({ reports: [{ hostId: 'b', schema: { keys: ['load1'] } }] });
  });

  test('asks for a whole new reset when one was cut short', async () => {
    const broker = await brokerThat({
      subscribe: (call, connection) => {
        call.write(reset(5, connection > 1));
        if (connection === 1) call.emit('error', { code: status.UNAVAILABLE, details: 'stopping' });
      },
    });
    await collect(broker.address, (seen) => seen.some((event) => event.kind === 'reset' && event.complete));
    expect(broker.asked.cursors.slice(0, 2)).toEqual([
      { logId: '', fromIndex: 0 },
      { logId: '', fromIndex: 0 },
    ]);
  });

  test('asks for an index again whose parts were cut short', async () => {
    const broker = await brokerThat({
      subscribe: (call, connection) => {
        const first = [reset(5), applied(6), applied(7, false)];
        for (const event of connection === 1 ? first : [applied(7, false), applied(7)]) call.write(event);
        if (connection === 1) call.emit('error', { code: status.UNAVAILABLE, details: 'stopping' });
        else if (connection === 2) call.end();
      },
    });
    await collect(broker.address, () => broker.asked.cursors.length === 3);
    expect(broker.asked.cursors.map(({ fromIndex }) => fromIndex)).toEqual([0, 7, 8]);
  });

  test('takes what a broker took under limits that a setting has raised', async () => {
    const wide = schemaOf(Array.from({ length: DEFAULT_LIMITS.metricsPerReportMax + 1 }, (_, i) => `m${i}`));
    const broker = await brokerThat({
      subscribe: (call) => {
        call.write(reset(5));
        call.write(applied(6, true, wide));
      },
    });
    const events = await collect(broker.address, (seen) => seen.length === 2);
    expect(events[1]).toMatchObject({ kind: 'applied', reports: [{ hostId: 'b' }] });
  });

  test('a broker with too many subscriptions is asked again, not before it said', async () => {
    const metadata = new Metadata();
    metadata.set('ringwatch-retry-after-ms', '700');
    const refusal = { code: status.RESOURCE_EXHAUSTED, details: 'full', metadata };
    const broker = await brokerThat({
      subscribe: (call, connection) =>
        connection < 3 ? void call.emit('error', refusal) : void call.write(reset(5)),
    });
    const clock = new FakeClock();
    const events = await collect(broker.address, (seen) => seen.at(-1)?.kind === 'reset', clock);
    expect(events.map((event) => event.kind)).toEqual(['disconnected', 'disconnected', 'reset']);
    expect(events[0]).toMatchObject({ fault: { code: 'resource_exhausted', detail: 'full' } });
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(2 * 700);
  });

  test('gives a silent stream up and connects again', async () => {
    const broker = await brokerThat({ subscribe: (call) => void call.write(reset(5)) });
    const events = await collect(broker.address, () => broker.asked.cursors.length === 2);
    expect(events.find((event) => event.kind === 'disconnected')).toMatchObject({
      fault: { reason: 'silent_stream' },
    });
    expect(broker.asked.cursors[1]).toEqual({ logId: 'log-1', fromIndex: 6 });
  });
});
