import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigReader, ConfigStore, RedisCopy, type BrokerSettings } from '@ringwatch/config-store';
import { ConsulKv } from '@ringwatch/consul-client';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { fastCopyContract } from './config-store-copy-contract.ts';
import { plugTo, type Plug } from './config-store-plug.ts';
import { testServer } from './servers.ts';

const redis = testServer('redis');
const consul = testServer('consul');
const urls = redis.available && consul.available ? { redis: redis.url, consul: consul.url } : undefined;
const missing = [redis, consul].flatMap((server) => (server.available ? [] : [server.reason])).join(', ');
const VISIBLE_MS = 1_000;
const REPAIRED_MS = 10_000;

let prefixes = 0;
const nextPrefix = (): string => `spec-${process.pid}-config-${prefixes++}`;

describe.skipIf(urls === undefined)(`configuration on real servers ${missing}`, () => {
  fastCopyContract('the copy in Redis', async () => {
    const copy = new RedisCopy({ url: urls?.redis ?? '', prefix: nextPrefix() });
    onTestFinished(() => copy.close());
    await vi.waitFor(() => copy.read('routes')); // Until it is connected: commands are not queued.
    return copy;
  });

  describe('writer, relay and reader', () => {
    let folder: string;
    let prefix: string;
    let plugs: { readonly redis: Plug; readonly consul: Plug };
    let store: ConfigStore;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'ringwatch-config-'));
      prefix = nextPrefix();
      await fetch(`${urls?.consul}/v1/kv/ringwatch/config/?recurse`, { method: 'DELETE' });
      plugs = { redis: await plugTo(urls?.redis ?? ''), consul: await plugTo(urls?.consul ?? '') };
      store = openStore();
      await store.start();
      await vi.waitFor(() => expect(store.relayReport?.fault).toBeUndefined(), REPAIRED_MS);
    });
    afterEach(async () => {
      await Promise.all([plugs.redis.close(), plugs.consul.close()]);
      await rm(folder, { recursive: true });
    });

    const sources = () => {
      const kv = new ConsulKv({ url: plugs.consul.url, timeoutMs: 500 });
      const copy = new RedisCopy({ url: plugs.redis.url, prefix });
      return { kv, copy };
    };
    function openStore(): ConfigStore {
      const { kv, copy } = sources();
      const opened = new ConfigStore({ kv, copy });
      onTestFinished(async () => {
        await opened.close();
        copy.close();
        kv.close();
      });
      return opened;
    }
    async function openReader(): Promise<ConfigReader> {
      const { kv, copy } = sources();
      const reader = new ConfigReader({ kv, copy, snapshotPath: join(folder, 'snapshot') });
      onTestFinished(async () => {
        await reader.close();
        copy.close();
        kv.close();
      });
      await reader.start();
      return reader;
    }
    const write = (settings: BrokerSettings) => store.put('brokers', 'settings', settings);
    const sees = (reader: ConfigReader, intervalMs: number, timeoutMs = VISIBLE_MS): Promise<void> =>
      vi.waitFor(() => expect(reader.get('brokers', 'settings').value?.intervalMs).toBe(intervalMs), {
        timeout: timeoutMs,
        interval: 10,
      });

    test('a change is seen by a reader within a second', async () => {
      const reader = await openReader();
      for (const intervalMs of [500, 600, 700]) {
        expect(await write({ intervalMs })).toMatchObject({ changed: true, copy: 'applied' });
        await sees(reader, intervalMs);
      }
    });

    test('the copy is plain JSON in the documented keys', async () => {
      await write({ intervalMs: 500 });
      const client = new Redis(urls?.redis ?? '');
      onTestFinished(() => client.disconnect());
      expect(await client.hgetall(`${prefix}:ringwatch:config:brokers`)).toEqual({
        settings: '{"intervalMs":500}',
      });
    });

    test('with Redis away a write succeeds and says why, and is repaired when Redis is back', async () => {
      await plugs.redis.pull();
      const result = await write({ intervalMs: 500 });
      expect(result.changed).toBe(true);
      expect(result.copy).toMatch(/^Redis is away/);
      await plugs.redis.push();
      await vi.waitFor(
        async () => expect((await write({ intervalMs: 500 })).copy).toBe('applied'),
        REPAIRED_MS,
      );
      await vi.waitFor(() => expect(store.relayReport?.fault).toBeUndefined(), REPAIRED_MS);
    });

    test('with Consul away a write is refused as unavailable, and reading goes on from memory', async () => {
      await write({ intervalMs: 500 });
      await vi.waitFor(async () => expect(await store.list('brokers')).toHaveLength(1));
      await plugs.consul.pull();
      await expect(write({ intervalMs: 600 })).rejects.toMatchObject({ code: 'unavailable' });
      expect(await store.get('brokers', 'settings')).toMatchObject({ value: { intervalMs: 500 } });
    });

    test.each(['redis', 'consul'] as const)(
      'a configured process starts and serves with %s stopped',
      async (which) => {
        await write({ intervalMs: 500 });
        await plugs[which].pull();
        const reader = await openReader();
        await sees(reader, 500);
        expect(reader.sources.find(({ source }) => source === which)?.fault).toBeDefined();
        await plugs[which].push();
        await vi.waitFor(() => {
          expect(reader.sources.map(({ fault }) => fault)).toEqual([undefined, undefined]);
        }, REPAIRED_MS);
        await write({ intervalMs: 700 });
        await sees(reader, 700);
      },
    );

    test('a configured process starts and serves with both stopped', async () => {
      await write({ intervalMs: 500 });
      const before = await openReader();
      await sees(before, 500);
      await before.close();
      await Promise.all([plugs.redis.pull(), plugs.consul.pull()]);
      const reader = await openReader();
      expect(reader.get('brokers', 'settings')).toMatchObject({
        value: { intervalMs: 500 },
        source: 'snapshot',
      });
    });

    test('a deletion reaches readers, also one that was not there', async () => {
      await write({ intervalMs: 500 });
      const reader = await openReader();
      await sees(reader, 500);
      await store.delete('brokers', 'settings');
      await vi.waitFor(() => expect(reader.get('brokers', 'settings').value).toBeUndefined(), VISIBLE_MS);
      expect((await openReader()).get('brokers', 'settings').value).toBeUndefined();
      await expect(store.get('brokers', 'settings')).rejects.toMatchObject({ code: 'not_found' });
    });

    test('what is written to a wiped Consul is seen', async () => {
      for (const intervalMs of [500, 600, 700]) await write({ intervalMs });
      const reader = await openReader();
      await sees(reader, 700);
      await fetch(`${urls?.consul}/v1/kv/ringwatch/config/?recurse`, { method: 'DELETE' });
      await write({ intervalMs: 900 });
      await sees(reader, 900, REPAIRED_MS);
      expect(await store.list('brokers')).toHaveLength(1);
    });
  });
});
