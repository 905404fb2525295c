import { Server, ServerCredentials, status, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import { IngestServiceService, type Batch, type BatchAck } from '@ringwatch/contracts';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import { packValues, schemaOf, type Report } from '@ringwatch/metrics';
import { IngestStream, POISON_ENDINGS_MAX, type IngestStreamOptions } from './ingest-stream.ts';

type Call = ServerDuplexStream<Batch, BatchAck>;
type Behaviour = (batch: Batch, call: Call, received: number) => void;

const ackOf = (batch: Batch): BatchAck => ({
  sequence: batch.sequence,
  accepted: batch.reports.length,
  duplicates: 0,
  faults: [],
  index: 1,
});
const obey: Behaviour = (batch, call) => call.write(ackOf(batch));
const mute: Behaviour = () => undefined;

/** A broker on a real socket that does as it is told with each batch. */
class Broker {
  readonly batches: Batch[] = [];
  readonly server = new Server();
  address = '';

  constructor(private readonly behaviour: Behaviour) {}

  async listen(): Promise<this> {
    this.server.addService(IngestServiceService, {
      upload: () => undefined,
      push: (call: Call) => {
        call.on('end', () => call.end());
        call.on('data', (batch: Batch) => {
          this.batches.push(batch);
          this.behaviour(batch, call, this.batches.length);
        });
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      const done = (error: Error | null, bound: number): void =>
        error === null ? resolve(bound) : reject(error);
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), done);
    });
    this.address = `127.0.0.1:${port}`;
    return this;
  }

  get hosts(): string[] {
    return this.batches.flatMap((batch) => batch.reports.map((report) => report.hostId));
  }
}

const schema = schemaOf(['load1']);
const report = (hostId: string): Report => ({
  hostId,
  timestamp: 1,
  intervalMs: 1_000,
  labels: undefined,
  schema,
  values: packValues([1]),
  late: false,
});

const clock = new FakeClock();
const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

async function brokerThat(behaviour: Behaviour): Promise<Broker> {
  const broker = await new Broker(behaviour).listen();
  opened.push({ close: () => broker.server.forceShutdown() });
  return broker;
}

function streamTo(brokers: readonly Broker[], options: Partial<IngestStreamOptions> = {}): IngestStream {
  const addresses = brokers.map((broker) => broker.address);
  // A key whose order of preference is the order given, so that tests can speak of the first and the second.
  const key = keyFor(addresses);
  const stream = new IngestStream({
    brokers: addresses,
    key,
    clock,
    random: new SeededRandom(1),
    ...options,
  });
  opened.unshift(stream);
  return stream;
}

function keyFor(addresses: readonly string[]): string {
  for (let i = 0; ; i++) {
    const probe = new IngestStream({ brokers: addresses, key: `k${i}`, clock });
    const { state } = probe;
    probe.close();
    if (state.kind !== 'closed' && state.broker === addresses[0]) return `k${i}`;
  }
}

/** Moves the clock in small steps, so that real sockets and fake timers run side by side. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await clock.advance(5);
}

async function settled<T>(promise: Promise<T>): Promise<T> {
  let done = false;
  const mark = (): void => void (done = true);
  promise.then(mark, mark);
  await until(() => done);
  return promise;
}

describe('acknowledged', () => {
  test('batches resolve with their counts, and the keys of a schema travel once', async () => {
    const broker = await brokerThat(obey);
    const stream = streamTo([broker]);
    const results = await settled(
      Promise.all([stream.send([report('a'), report('b')]), stream.send([report('c')])]),
    );
    expect(results).toEqual([
      { accepted: 2, duplicates: 0, refusals: [] },
      { accepted: 1, duplicates: 0, refusals: [] },
    ]);
    expect(broker.batches.map((batch) => batch.schemas[0]?.keys.length)).toEqual([1, 0]);
    expect(stream.state).toEqual({ kind: 'connected', broker: broker.address });
  });

  test('at most inFlightMax batches are with the broker', async () => {
    const held: (() => void)[] = [];
    const broker = await brokerThat((batch, call) => held.push(() => call.write(ackOf(batch))));
    const stream = streamTo([broker], { inFlightMax: 2 });
    const sent = ['a', 'b', 'c'].map((host) => stream.send([report(host)]));
    await until(() => held.length === 2);
    await clock.advance(50);
    expect(broker.hosts).toEqual(['a', 'b']);
    held[0]?.();
    await until(() => held.length === 3);
    for (const release of held.slice(1)) release();
    await settled(Promise.all(sent));
    expect(broker.hosts).toEqual(['a', 'b', 'c']);
  });

  test('an item for later is sent again alone, and a refused one is handed back', async () => {
    const broker = await brokerThat((batch, call, received) => {
      const item = { detail: 'x', retryAfterMs: 20 };
      const faults = [
        { ...item, index: 0, code: 'unavailable', reason: 'no_leader' },
        { ...item, index: 1, code: 'invalid_argument', reason: 'timestamp_too_old' },
      ];
      call.write(received === 1 ? { ...ackOf(batch), accepted: 1, faults } : ackOf(batch));
    });
    const result = await settled(streamTo([broker]).send([report('a'), report('b'), report('c')]));
    expect(broker.hosts).toEqual(['a', 'b', 'c', 'a']);
    expect(result).toMatchObject({ accepted: 2, refusals: [{ fault: { reason: 'timestamp_too_old' } }] });
  });
});

describe('lost', () => {
  test('unacknowledged batches go to the next broker, oldest first and with their keys', async () => {
    const first = await brokerThat((batch, call, received) => {
      if (received === 1) call.write(ackOf(batch));
      if (received === 3) call.emit('error', { code: status.UNAVAILABLE, details: 'stopping' });
    });
    const second = await brokerThat(obey);
    const stream = streamTo([first, second]);
    const sent = ['a', 'b', 'c'].map((host) => stream.send([report(host)]));
    await settled(Promise.all(sent));
    expect(first.hosts).toEqual(['a', 'b', 'c']);
    expect(second.hosts).toEqual(['b', 'c']);
    expect(second.batches[0]?.schemas[0]?.keys).toEqual(['load1']);
  });

  test('a broker that accepts connections but answers nothing is given up after the timeout', async () => {
    const first = await brokerThat(mute);
    const second = await brokerThat(obey);
    const stream = streamTo([first, second], { ackTimeoutMs: 1_000 });
    const startMs = clock.monotonicMs();
    await settled(stream.send([report('a')]));
    expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(1_000);
    expect([first.hosts, second.hosts]).toEqual([['a'], ['a']]);
  });

  test('a batch that ends every stream is refused in the end, and what waited is sent', async () => {
    const broker = await brokerThat((batch, call) => {
      const poison = batch.reports.some((each) => each.hostId === 'poison');
      if (poison) call.emit('error', { code: status.INVALID_ARGUMENT, details: 'undecodable' });
      else call.write(ackOf(batch));
    });
    const stream = streamTo([broker], { inFlightMax: 2 });
    const sent = Promise.all([stream.send([report('poison')]), stream.send([report('good')])]);
    const [poison, good] = await settled(sent);
    expect(poison).toMatchObject({ accepted: 0, refusals: [{ fault: { code: 'invalid_argument' } }] });
    expect(good).toMatchObject({ accepted: 1, refusals: [] });
    expect(broker.hosts.filter((host) => host === 'poison')).toHaveLength(POISON_ENDINGS_MAX);
  });

  test('a broker that is not there is left for the next', async () => {
    const gone = await brokerThat(mute);
    gone.server.forceShutdown();
    const second = await brokerThat(obey);
    expect(await settled(streamTo([gone, second]).send([report('a')]))).toMatchObject({ accepted: 1 });
  });

  test('closing gives every sender its batch back and leaves no timer', async () => {
    const stream = streamTo([await brokerThat(mute)], { inFlightMax: 1 });
    const sent = ['a', 'b'].map((host) => stream.send([report(host)]));
    const ended = Promise.allSettled(sent);
    await clock.advance(10);
    stream.close();
    const fates = await ended;
    expect(fates.map((fate) => fate.status === 'rejected' && (fate.reason as { code: string }).code)).toEqual(
      ['cancelled', 'cancelled'],
    );
    expect(clock.pending).toBe(0);
    await expect(stream.send([report('c')])).rejects.toMatchObject({ code: 'cancelled' });
  });
});
