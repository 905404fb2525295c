import {
  ADVANCE_WATERMARK,
  advanceWatermarkCall,
  FENCE_CONFIG,
  fenceConfigCall,
  Keyspace,
  readFenceConfig,
  readWriteReports,
  WRITE_REPORTS,
  writeReportsCall,
  type ConfigChange,
  type FenceOutcome,
  type HostReports,
  type Script,
  type ScriptCall,
  type WriteOutcome,
} from '@ringwatch/redis-keyspace';
import { Redis } from 'ioredis';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { testServer } from './servers.ts';

const server = testServer('redis');
const prefix = `spec-${process.pid}-scripts`;
const keys = new Keyspace({ prefix });
const retention = { rawMs: 60_000, historyMs: 600_000 };

describe.skipIf(!server.available)(`scripts on Redis ${server.available ? '' : server.reason}`, () => {
  const redis = new Redis(server.available ? server.url : '', { lazyConnect: true });
  afterAll(() => redis.disconnect());
  beforeEach(async () => {
    await redis.del(prefix, ...(await redis.keys(`${prefix}:*`)));
  });

  const call = (script: Script, { keys: names, args }: ScriptCall): Promise<unknown> =>
    redis.eval(script.lua, names.length, ...names, ...args);
  const write = async (host: Partial<HostReports>): Promise<readonly WriteOutcome[]> =>
    readWriteReports(
      await call(
        WRITE_REPORTS,
        writeReportsCall(keys, retention, { hostId: 'a', reports: [], newestFlushed: 0, ...host }),
      ),
    );
  const report = (timestamp: number, data = `{"at":${timestamp}}`) => ({ timestamp, data, codec: 'json' });

  test('write-reports stores data with a lifetime, index and metadata in one call', async () => {
    const outcomes = await write({
      reports: [report(100), report(101.5)],
      labels: '{"dc":"x"}',
      schema: 'ff',
    });
    expect(outcomes).toEqual(['written', 'written']);
    expect(await redis.hgetall(keys.report('a', 101.5))).toEqual({ data: '{"at":101.5}', codec: 'json' });
    expect(await redis.pttl(keys.report('a', 100))).toBeGreaterThan(0);
    expect(await redis.pttl(keys.reportIndex('a'))).toBeGreaterThan(0);
    expect(await redis.zrange(keys.reportIndex('a'), '0', '-1', 'WITHSCORES')).toEqual([
      keys.report('a', 100),
      '100',
      keys.report('a', 101.5),
      '101.5',
    ]);
    expect(await redis.hgetall(keys.host('a'))).toEqual({
      first_seen: '100',
      last_seen: '101.5',
      labels: '{"dc":"x"}',
      schema: 'ff',
      latest: '{"at":101.5}',
      latest_codec: 'json',
    });
  });

  test('write-reports keeps the first content and tells a duplicate from a conflict', async () => {
    await write({ reports: [report(100)] });
    expect(await write({ reports: [report(100), report(100, 'other')] })).toEqual(['duplicate', 'conflict']);
    expect(await redis.hget(keys.report('a', 100), 'data')).toBe('{"at":100}');
  });

  test('a conflict changes neither metadata nor index', async () => {
    await write({ reports: [report(100)], labels: 'old' });
    const before = await redis.hgetall(keys.host('a'));
    await write({ reports: [report(100, 'other')], labels: 'new' });
    expect(await redis.hgetall(keys.host('a'))).toEqual(before);
  });

  test('a late report moves first_seen back and leaves last_seen, latest, labels and schema', async () => {
    await write({ reports: [report(100)], labels: 'new', schema: 'new' });
    await write({ reports: [report(50)], labels: 'old', schema: 'old' });
    expect(await redis.hgetall(keys.host('a'))).toMatchObject({
      first_seen: '50',
      last_seen: '100',
      labels: 'new',
      schema: 'new',
      latest: '{"at":100}',
    });
  });

  test('the index is trimmed below the newest flushed report less the retention', async () => {
    await write({ reports: [report(100), report(150)] });
    await write({ reports: [report(200)], newestFlushed: 200 });
    expect(await redis.zrange(keys.reportIndex('a'), '0', '-1')).toEqual([
      keys.report('a', 150),
      keys.report('a', 200),
    ]);
  });

  test('a duplicate restores an index that was lost', async () => {
    await write({ reports: [report(100)] });
    await redis.del(keys.reportIndex('a'));
    await write({ reports: [report(100)] });
    expect(await redis.zcard(keys.reportIndex('a'))).toBe(1);
  });

  test('advance-watermark never goes back within a cluster and starts anew in another', async () => {
    const advance = (index: number, cluster: string) =>
      call(ADVANCE_WATERMARK, advanceWatermarkCall(keys, 1, { index, term: 1, cluster, run: 'r' }));
    expect(await advance(10, 'c')).toBe(1);
    expect(await advance(9, 'c')).toBe(0);
    expect(await redis.hget(keys.watermark(1), 'index')).toBe('10');
    expect(await advance(1, 'd')).toBe(1);
  });

  const change = { family: 'f', key: 'k', hash: 'h', value: '1', version: { epoch: 1, index: 10 }, atMs: 7 };
  const fence = async (next: Partial<ConfigChange>): Promise<FenceOutcome> =>
    readFenceConfig(await call(FENCE_CONFIG, fenceConfigCall(keys, { ...change, ...next })));

  test.each([
    { title: 'an older index', version: { epoch: 1, index: 9 }, outcome: 'stale' },
    { title: 'an older epoch with a greater index', version: { epoch: 0, index: 99 }, outcome: 'stale' },
    { title: 'the same version', version: { epoch: 1, index: 10 }, outcome: 'same' },
    { title: 'a newer index', version: { epoch: 1, index: 11 }, outcome: 'applied' },
    { title: 'a newer epoch with a smaller index', version: { epoch: 2, index: 1 }, outcome: 'applied' },
  ])('fence-config answers $outcome to $title', async ({ version, outcome }) => {
    await fence({});
    expect(await fence({ version })).toBe(outcome);
  });

  test('a tombstone keeps an older write from reviving the document', async () => {
    await fence({});
    await fence({ value: undefined, version: { epoch: 1, index: 12 } });
    expect(await fence({ version: { epoch: 1, index: 11 } })).toBe('stale');
    expect(await redis.hexists(keys.config('f'), 'k')).toBe(0);
    expect(await redis.hget(keys.configTombstones('f'), 'k')).toBe('7');
  });

  test('a copy that was changed by hand is repaired by the same version', async () => {
    await fence({});
    await redis.hset(keys.config('f'), 'k', 'tampered');
    expect(await fence({})).toBe('applied');
    expect(await redis.hget(keys.config('f'), 'k')).toBe('1');
  });

  test('a change is in the stream and on the channel exactly when it was applied', async () => {
    const subscriber = redis.duplicate();
    const messages: string[] = [];
    subscriber.on('message', (_, message) => messages.push(message));
    await subscriber.subscribe(keys.configChannel());
    await fence({});
    await fence({});
    await fence({ version: { epoch: 0, index: 1 } });
    await subscriber.ping();
    subscriber.disconnect();
    expect(messages.map((text) => JSON.parse(text))).toEqual([
      { family: 'f', key: 'k', version: { epoch: 1, index: 10 }, hash: 'h' },
    ]);
    expect(await redis.xlen(keys.configStream('f'))).toBe(1);
  });
});
