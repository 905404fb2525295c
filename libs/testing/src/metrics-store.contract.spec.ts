import { RedisStore } from '@ringwatch/metrics-store';
import { Keyspace } from '@ringwatch/redis-keyspace';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { describeMetricsStore, reportOf } from './metrics-store-contract.ts';
import { testServer } from './servers.ts';

const redis = testServer('redis');
const prefix = `store-${process.pid}`;
const why = redis.available ? '' : ` (skipped: ${redis.reason})`;

describe.runIf(redis.available)(`redis${why}`, () => {
  const url = redis.available ? redis.url : '';
  const store = (codec: 'json' | 'columns', profile: 'bare' | 'tagged'): RedisStore =>
    new RedisStore({
      url,
      codec,
      keyspace: new Keyspace({ profile, prefix: `${prefix}-${codec}-${profile}` }),
    });

  describeMetricsStore('redis, json', async () => store('json', 'bare'));
  describeMetricsStore('redis, columns', async () => store('columns', 'bare'));
  describeMetricsStore('redis, json, keys tagged for a cluster', async () => store('json', 'tagged'));

  test('writes the keys that users read by hand', async () => {
    const client = new Redis(url);
    const writer = new RedisStore({ url });
    const host = `by-hand-${prefix}`;
    await expect.poll(() => writer.identity().catch(() => undefined)).toBeDefined();
    await writer.write([reportOf(host, 1_700_000_000, { load1: 0.5 })], 60_000);
    expect(await client.hgetall(`monitor:metrics:${host}:1700000000`)).toEqual({
      data: `{"hostId":"${host}","timestamp":1700000000,"intervalMs":1000,"metrics":{"load1":0.5}}`,
      codec: 'json',
    });
    expect(await client.zrangebyscore(`monitor:index:metrics:${host}`, '-inf', '+inf')).toEqual([
      `monitor:metrics:${host}:1700000000`,
    ]);
    expect(await client.zscore('monitor:hosts', host)).toBe('1700000000');
    expect(await client.pttl(`monitor:metrics:${host}:1700000000`)).toBeGreaterThan(50_000);
    await client.del(
      `monitor:metrics:${host}:1700000000`,
      `monitor:index:metrics:${host}`,
      `monitor:hosts:${host}`,
    );
    await client.zrem('monitor:hosts', host);
    await client.quit();
    await writer.close();
  });

  test('either codec reads what the other wrote', async () => {
    const keyspace = new Keyspace({ prefix: `${prefix}-mixed` });
    const json = new RedisStore({ url, codec: 'json', keyspace });
    const columns = new RedisStore({ url, codec: 'columns', keyspace });
    await expect
      .poll(() => Promise.all([json.identity(), columns.identity()]).catch(() => undefined))
      .toBeDefined();
    await json.write([reportOf('a', 1, { x: 1 })], 60_000);
    await columns.write([reportOf('a', 2, { x: 2 })], 60_000);
    for (const store of [json, columns]) {
      expect((await store.range('a', 0, 10, 10)).map(({ timestamp }) => timestamp)).toEqual([1, 2]);
      await store.close();
    }
  });

  test('a host whose key is of another type is refused alone', async () => {
    const keyspace = new Keyspace({ prefix: `${prefix}-type` });
    const writer = new RedisStore({ url, keyspace });
    const client = new Redis(url);
    await expect.poll(() => writer.identity().catch(() => undefined)).toBeDefined();
    await client.set(keyspace.host('bad'), 'x');
    const reports = ['good', 'bad', 'fine'].map((host) => reportOf(host, 1_700_000_000, { x: 1 }));
    expect(await writer.write(reports, 60_000)).toEqual(['written', 'refused', 'written']);
    await client.quit();
    await writer.close();
  });

  test('trims the index as reports grow old', async () => {
    const keyspace = new Keyspace({ prefix: `${prefix}-trim` });
    const writer = new RedisStore({ url, keyspace });
    const client = new Redis(url);
    await expect.poll(() => writer.identity().catch(() => undefined)).toBeDefined();
    for (const at of [0, 30, 100]) await writer.write([reportOf('a', 1_700_000_000 + at, { x: 1 })], 60_000);
    expect(await client.zcard(keyspace.reportIndex('a'))).toBe(1);
    await client.quit();
    await writer.close();
  });
});

test('a Redis that is not there is a retryable fault, soon', async () => {
  const store = new RedisStore({ url: 'redis://127.0.0.1:1' });
  await expect(store.write([reportOf('a', 1, { x: 1 })], 1_000)).rejects.toMatchObject({
    code: 'unavailable',
  });
  await store.close();
});
