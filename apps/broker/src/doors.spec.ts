import { EventEmitter } from 'node:events';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { ConfigReader } from '@ringwatch/config-store';
import { HostStatus, type Batch, type BatchAck, type GetMetricsRequest } from '@ringwatch/contracts';
import { Fault, silentLogger } from '@ringwatch/kernel';
import { FakeClock, SeededRandom, settle } from '@ringwatch/kernel/fake';
import { packValues, schemaOf } from '@ringwatch/metrics';
import { MemoryStore } from '@ringwatch/metrics-store';
import { PartitionState, Replica, type AppliedEntry } from '@ringwatch/partition';
import { MemoryLog, SingleNode } from '@ringwatch/raft-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Ingest, type IngestResult } from './ingest.ts';
import { Monitor } from './monitor.ts';
import { servePushStream } from './push-stream.ts';
import { SettingsHolder } from './settings.ts';

const schema = schemaOf(['load1', 'mem']);
const quotas = { retainedMs: 900_000, newHostsPerHourMax: 1_000, newSchemasPerHostHourMax: 100 };

let clock: FakeClock;
let log: MemoryLog;
let replica: Replica;
let ingest: Ingest;
let monitor: Monitor;
let results: IngestResult[];

beforeEach(() => {
  clock = new FakeClock();
  log = new MemoryLog();
  const store = new MemoryStore(clock);
  const settings = new SettingsHolder(new ConfigReader({}));
  replica = new Replica({
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    state: new PartitionState(quotas),
    log,
    snapshots: { save: async () => undefined },
    history: store,
    ttlMs: () => 60_000,
    futureMaxMs: () => 0,
  });
  replica.start(new SingleNode<AppliedEntry>({ log, apply: replica.apply, onBroken: () => undefined }));
  results = [];
  ingest = new Ingest({ replica, settings, clock, onResult: (result) => results.push(result) });
  monitor = new Monitor(replica, settings, clock);
});

afterEach(async () => {
  const stopped = replica.stop(0);
  await clock.advance(100);
  await stopped;
});

/** Seconds of the fake wall clock. */
const now = (): number => clock.nowMs() / 1_000;

function batchOf(
  sequence: number,
  ...reports: { hostId: string; timestamp: number; load?: number }[]
): Batch {
  const wire = reports.map(({ hostId, timestamp, load = 1 }) => {
    const values = packValues([load, Number.NaN]);
    return { hostId, timestamp, intervalMs: 1_000, schema: 0, values, labels: {}, late: false };
  });
  return { sequence, schemas: [{ hash: Buffer.from(schema.hash, 'hex'), keys: schema.keys }], reports: wire };
}

/** Lets staging and log do their work. */
async function done<T>(promise: Promise<T>): Promise<T> {
  await clock.advance(5);
  return promise;
}

describe('ingest', () => {
  test('tells the fate of each report in its place', async () => {
    const batch = batchOf(
      7,
      { hostId: 'a', timestamp: now() },
      { hostId: '', timestamp: now() },
      { hostId: 'a', timestamp: now() },
      { hostId: 'a', timestamp: now(), load: 2 },
    );
    const ack = await done(ingest.storeBatch(batch));
    expect(ack).toMatchObject({ sequence: 7, accepted: 1, duplicates: 1, index: 1 });
    expect(ack.faults.map(({ index, reason }) => [index, reason])).toEqual([
      [1, 'host_id_invalid'],
      [3, 'conflict'],
    ]);
    expect(results).toMatchObject([{ accepted: 1, duplicates: 1 }]);
  });

  test('asks for the keys of a schema that it does not know, and then does not need them again', async () => {
    const keyless = { ...batchOf(1, { hostId: 'a', timestamp: now() }) };
    const unknown = { ...keyless, schemas: [{ hash: Buffer.from(schema.hash, 'hex'), keys: [] }] };
    expect((await done(ingest.storeBatch(unknown))).faults[0]).toMatchObject({ reason: 'unknown_schema' });
    await done(ingest.storeBatch(keyless));
    const again = { ...unknown, reports: batchOf(2, { hostId: 'b', timestamp: now() }).reports };
    expect(await done(ingest.storeBatch(again))).toMatchObject({ accepted: 1 });
  });

  test('answers every report when the log is broken, and says that it may be tried again', async () => {
    log.append = () => Promise.reject(new Fault('data_loss', 'EIO', { reason: 'log_broken' }));
    const batch = batchOf(1, { hostId: 'a', timestamp: now() }, { hostId: 'b', timestamp: now() });
    const ack = await done(ingest.storeBatch(batch));
    expect(ack.accepted).toBe(0);
    expect(ack.faults.map(({ code, reason }) => [code, reason])).toEqual([
      ['unavailable', 'log_broken'],
      ['unavailable', 'log_broken'],
    ]);
  });

  test('a JSON request fails as a whole only when nothing of it was stored', async () => {
    const good = { hostId: 'a', timestamp: now(), metrics: { load1: 1 } };
    expect(await done(ingest.storeJson([good, {}]))).toMatchObject({ accepted: 1, refusals: [{ index: 1 }] });
    await expect(ingest.storeJson([{}, 7])).rejects.toMatchObject({ reason: 'host_id_invalid' });
    expect(await done(ingest.storeJson([]))).toMatchObject({ accepted: 0, refusals: [] });
  });
});

describe('monitor', () => {
  const range = (hostId: string, start: number, end: number, limit = 0): GetMetricsRequest => ({
    hostId,
    when: { $case: 'range', value: { start, end } },
    metrics: [],
    limit,
  });

  test('pages through a range without gap or repetition', async () => {
    const reports = Array.from({ length: 25 }, (_, i) => ({ hostId: 'a', timestamp: now() - i }));
    await done(ingest.storeBatch(batchOf(1, ...reports)));
    const seen: number[] = [];
    let start: number | undefined = now() - 100;
    while (start !== undefined) {
      const reply = await monitor.getMetrics(range('a', start, now() + 1, 10));
      seen.push(...reply.reports.map(({ timestamp }) => timestamp));
      start = reply.nextStart;
    }
    expect(seen).toEqual(reports.map(({ timestamp }) => timestamp).toReversed());
  });

  test.each([
    ['neither point nor range', { hostId: 'a', when: undefined, metrics: [], limit: 0 }, 'time_missing'],
    ['an empty range', range('a', 5, 5), 'range_empty'],
    ['a time that is none', range('a', Number.NaN, 5), 'time_invalid'],
    ['a host without a name', range('', 1, 5), 'host_id_invalid'],
    ['a host that nobody reported', range('nobody', 1, 5), 'host_not_found'],
  ])('refuses %s', async (_title, request, reason) => {
    await expect(monitor.getMetrics(request)).rejects.toMatchObject({ reason });
  });

  test('lists hosts by status and labels, in pages', async () => {
    const hosts = ['a', 'b', 'c'].map((hostId) => ({ hostId, timestamp: now() }));
    await done(ingest.storeBatch(batchOf(1, ...hosts)));
    const all = { after: '', limit: 2, labels: {}, status: HostStatus.UNSPECIFIED };
    const first = monitor.listHosts(all);
    expect([first.hosts.map(({ hostId }) => hostId), first.nextAfter, first.total]).toEqual([
      ['a', 'b'],
      'b',
      3,
    ]);
    expect(monitor.listHosts({ ...all, after: 'b' })).toMatchObject({
      hosts: [{ hostId: 'c' }],
      nextAfter: '',
    });
    clock.jumpWall(10_000);
    expect(monitor.listHosts({ ...all, status: HostStatus.ONLINE }).hosts).toEqual([]);
    expect(monitor.listHosts({ ...all, status: HostStatus.OFFLINE, limit: 0 }).hosts).toHaveLength(3);
    expect(monitor.listHosts({ ...all, labels: { rack: 'r1' } }).hosts).toEqual([]);
  });

  test('gives the latest of the hosts asked for, each once, with the metrics asked for', async () => {
    const hosts = ['a', 'b'].map((hostId) => ({ hostId, timestamp: now() }));
    await done(ingest.storeBatch(batchOf(1, ...hosts)));
    const reply = monitor.getLatest({ hostIds: ['b', 'b', 'gone'], metrics: ['mem'], after: '', limit: 0 });
    expect(reply.reports.map(({ hostId }) => hostId)).toEqual(['b']);
    expect(reply.schemas).toMatchObject([{ keys: ['mem'] }]);
  });
});

/** A call as the gRPC server hands it over, with a reader that can be slow. */
class FakeCall extends EventEmitter {
  cancelled = false;
  paused = false;
  ended = false;
  slow = false;
  readonly acks: BatchAck[] = [];
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  write(ack: BatchAck): boolean {
    this.acks.push(ack);
    return !this.slow;
  }
  end(): void {
    this.ended = true;
  }
}

describe('push stream', () => {
  const serve = (call: FakeCall, draining = new AbortController()): Promise<void> =>
    servePushStream(call as unknown as ServerDuplexStream<Batch, BatchAck>, ingest, draining.signal);

  test('acknowledges in the order the batches came, then ends', async () => {
    const call = new FakeCall();
    const served = serve(call);
    for (let i = 1; i <= 5; i++) call.emit('data', batchOf(i, { hostId: 'a', timestamp: now() - i }));
    call.emit('end');
    await done(served);
    expect(call.acks.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(call.ended).toBe(true);
  });

  test('holds a sender back that does not read its acknowledgements', async () => {
    const call = new FakeCall();
    call.slow = true;
    const served = serve(call);
    for (let i = 1; i <= 16; i++) call.emit('data', batchOf(i, { hostId: 'a', timestamp: now() - i }));
    await clock.advance(5);
    expect([call.paused, call.acks.length]).toEqual([true, 1]);
    call.slow = false;
    call.emit('drain');
    await settle();
    expect([call.paused, call.acks.length]).toEqual([false, 16]);
    call.emit('end');
    await served;
  });

  test('answers what came before a drain and then says that it is going', async () => {
    const call = new FakeCall();
    const draining = new AbortController();
    const refusal = serve(call, draining).catch((error: unknown) => error);
    call.emit('data', batchOf(1, { hostId: 'a', timestamp: now() }));
    draining.abort();
    expect(await done(refusal)).toMatchObject({ code: 'unavailable', reason: 'draining' });
    expect(call.acks).toHaveLength(1);
  });
});
