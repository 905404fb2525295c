import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedKv } from '@ringwatch/consul-client';
import { Fault } from '@ringwatch/kernel';
import { FakeClock } from '@ringwatch/kernel/fake';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Authority, ConfigWriter, MemoryCopy, META_KEY, NO_VERSION } from './index.ts';

const down = new Fault('unavailable', 'Redis is away');
const settings = { rawRetentionMs: 60_000 };

let folder: string;
let kv: EmbeddedKv;
let copy: MemoryCopy;
let writer: ConfigWriter;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringwatch-config-'));
  kv = await EmbeddedKv.open({ path: join(folder, 'kv') });
  copy = new MemoryCopy();
  writer = new ConfigWriter({ authority: new Authority(kv), copy, clock: new FakeClock() });
});
afterEach(async () => {
  await kv.close();
  await rm(folder, { recursive: true });
});

const indexOfStore = async (): Promise<number> => (await kv.list('')).index;

describe('put', () => {
  test('writes the authority, then the copy, and answers the version', async () => {
    const { document, changed, copy: copied } = await writer.put('brokers', 'settings', settings);
    expect(changed).toBe(true);
    expect(copied).toBe('applied');
    const entry = await kv.get('ringwatch/config/brokers/settings');
    expect(document.version).toEqual({ epoch: 1, index: entry?.modifyIndex });
    expect(await copy.read('brokers')).toEqual([document]);
  });

  test('the same content in another order writes nothing and wakes nobody', async () => {
    const first = await writer.put('routes', 'a', { hosts: '*', storageCluster: 'main' });
    const before = await indexOfStore();
    const messages: unknown[] = [];
    copy.subscribe({ onMessage: (message) => messages.push(message), onSubscribed: () => undefined });
    const again = await writer.put('routes', 'a', { storageCluster: 'main', hosts: '*' });
    expect(again).toEqual({ ...first, changed: false });
    expect(await indexOfStore()).toBe(before);
    expect(messages).toEqual([]);
  });

  test('succeeds while the copy is away and says so', async () => {
    copy.down(down);
    expect(await writer.put('brokers', 'settings', settings)).toMatchObject({
      changed: true,
      copy: 'Redis is away',
    });
  });

  test('is refused while the authority is away, and the copy stays as it was', async () => {
    await kv.close();
    await expect(writer.put('brokers', 'settings', settings)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await copy.read('brokers')).toEqual([]);
    kv = await EmbeddedKv.open({ path: join(folder, 'kv') });
  });

  test('an invalid value reaches nobody', async () => {
    await expect(writer.put('brokers', 'settings', { nonsense: 1 })).rejects.toMatchObject({
      reason: 'document_invalid',
    });
    expect((await kv.list('')).entries).toEqual([]);
  });

  test('replaces an unreadable document', async () => {
    await kv.put('ringwatch/config/brokers/settings', 'written by hand');
    expect((await writer.put('brokers', 'settings', settings)).changed).toBe(true);
  });
});

describe('conditions', () => {
  test('a write with the version that was read succeeds once', async () => {
    const { document } = await writer.put('brokers', 'settings', settings);
    const options = { ifVersion: document.version };
    await writer.put('brokers', 'settings', { intervalMs: 1_000 }, options);
    await expect(writer.put('brokers', 'settings', { intervalMs: 2_000 }, options)).rejects.toMatchObject({
      code: 'failed_precondition',
      reason: 'version_mismatch',
    });
  });

  test('only where nothing is: refused on a document, allowed on a deleted one', async () => {
    const options = { ifVersion: NO_VERSION };
    await writer.put('brokers', 'settings', settings, options);
    await expect(writer.put('brokers', 'settings', {}, options)).rejects.toMatchObject({
      reason: 'version_mismatch',
    });
    await writer.delete('brokers', 'settings');
    expect((await writer.put('brokers', 'settings', {}, options)).changed).toBe(true);
  });

  test('of racing writers with the same condition exactly one wins', async () => {
    const { document } = await writer.put('feature-flags', 'a', { enabled: true });
    const put = (percentage: number) =>
      writer.put('feature-flags', 'a', { enabled: true, percentage }, { ifVersion: document.version });
    const results = await Promise.allSettled([1, 2, 3].map(put));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('of racing writers without a condition none is lost', async () => {
    const put = (percentage: number) => writer.put('feature-flags', 'a', { enabled: true, percentage });
    const results = await Promise.allSettled([1, 2, 3].map(put));
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as Fault] : [],
    );
    expect(refused.every(({ code }) => code === 'aborted')).toBe(true); // Told, so not lost.
  });
});

describe('delete', () => {
  test('leaves a tombstone with a later version in both stores', async () => {
    const { document } = await writer.put('brokers', 'settings', settings);
    const gone = await writer.delete('brokers', 'settings');
    expect(gone.document.version.index).toBeGreaterThan(document.version.index);
    expect(gone.document.text).toBeUndefined();
    expect(await kv.get('ringwatch/config/brokers/settings')).toBeDefined();
    expect(await copy.read('brokers')).toEqual([gone.document]);
  });

  test('of what is not there is not_found, also the second time', async () => {
    await expect(writer.delete('brokers', 'settings')).rejects.toMatchObject({ code: 'not_found' });
    await writer.put('brokers', 'settings', settings);
    await writer.delete('brokers', 'settings');
    await expect(writer.delete('brokers', 'settings')).rejects.toMatchObject({ reason: 'document_missing' });
  });
});

test('a damaged epoch is a fault, not a new beginning', async () => {
  await kv.put(META_KEY, '{}');
  await expect(writer.put('brokers', 'settings', settings)).rejects.toMatchObject({ code: 'data_loss' });
});
