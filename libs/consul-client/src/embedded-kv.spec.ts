import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, settle } from '@ringwatch/kernel/fake';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EmbeddedKv, watchPrefix, type KvListing } from './index.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringwatch-kv-'));
  path = join(folder, 'kv');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the example of the README runs', async () => {
  const kv = await EmbeddedKv.open({ path });
  await kv.put('ringwatch/greeting', 'hello');
  const read = await kv.get('ringwatch/greeting');
  expect(await kv.put('ringwatch/greeting', 'hello again', { cas: read?.modifyIndex ?? 0 })).toBe(true);

  const end = new AbortController();
  const onListing = ({ entries }: KvListing): void => {
    expect(entries.map(({ value }) => value.toString())).toEqual(['hello again']);
    end.abort();
  };
  await watchPrefix(kv, 'ringwatch/', { onListing }, { signal: end.signal });
  await kv.close();
});

describe('durability', () => {
  test('an acknowledged write is in the file before the store is closed', async () => {
    const kv = await EmbeddedKv.open({ path });
    await kv.put('a', 'value', { flags: 3 });
    const entry = await kv.get('a');
    rmSync(`${path}.lock`); // As if the process had been killed.
    const again = await EmbeddedKv.open({ path });
    expect(await again.get('a')).toEqual(entry);
    await again.close();
  });

  test('indices go on rising after a restart, also behind a removal', async () => {
    const kv = await EmbeddedKv.open({ path });
    await kv.put('a', '1');
    await kv.delete('a');
    await kv.close();
    const again = await EmbeddedKv.open({ path });
    await again.put('a', '1');
    expect((await again.get('a'))?.modifyIndex).toBe(4); // 1 is the empty store, 2 the write, 3 the removal.
    await again.close();
  });

  test('a part of a file that a crash left behind is ignored', async () => {
    const kv = await EmbeddedKv.open({ path });
    await kv.put('a', '1');
    await kv.close();
    writeFileSync(`${path}.next`, '{"format":"ringwatch-kv","ver');
    const again = await EmbeddedKv.open({ path });
    expect((await again.get('a'))?.value.toString()).toBe('1');
    await again.close();
  });

  test.each([
    {
      title: 'a flipped character',
      damage: (text: string) => text.replace('"MQ=="', '"Mg=="'),
      reason: 'kv_file_damaged',
    },
    { title: 'a missing tail', damage: (text: string) => text.slice(0, -10), reason: 'kv_file_damaged' },
    { title: 'an empty file', damage: () => '', reason: 'kv_file_damaged' },
    { title: 'a foreign file', damage: () => '{"format":"other"}\n', reason: 'kv_file_damaged' },
    {
      title: 'a newer version',
      damage: (text: string) => text.replace('"version":1', '"version":2'),
      reason: 'kv_file_version',
    },
  ])('$title is refused and left as it is', async ({ damage, reason }) => {
    const kv = await EmbeddedKv.open({ path });
    await kv.put('a', '1');
    await kv.close();
    const damaged = damage(readFileSync(path, 'utf8'));
    writeFileSync(path, damaged);
    await expect(EmbeddedKv.open({ path })).rejects.toMatchObject({ reason });
    expect(readFileSync(path, 'utf8')).toBe(damaged);
  });

  test('a write that the disk refuses fails, changes nothing, and the store goes on', async () => {
    const kv = await EmbeddedKv.open({ path });
    await kv.put('a', '1');
    mkdirSync(`${path}.next`); // Opening the next file now fails, also for root.
    await expect(kv.put('a', '2')).rejects.toMatchObject({ code: 'unavailable', reason: 'kv_disk_failed' });
    expect((await kv.get('a'))?.value.toString()).toBe('1');
    rmSync(`${path}.next`, { recursive: true });
    expect(await kv.put('a', '3')).toBe(true);
    await kv.close();
  });

  test('queued writes are applied in order and close waits for them', async () => {
    const kv = await EmbeddedKv.open({ path });
    const writes = Array.from({ length: 50 }, (_, n) => kv.put(`k${n % 5}`, String(n)));
    await kv.close();
    expect((await Promise.all(writes)).every(Boolean)).toBe(true);
    const again = await EmbeddedKv.open({ path });
    expect((await again.list('k')).entries.map(({ value }) => value.toString())).toEqual([
      '45',
      '46',
      '47',
      '48',
      '49',
    ]);
    await again.close();
  });
});

describe('bounds', () => {
  test('the thousand-and-first waiting write is refused', async () => {
    const kv = await EmbeddedKv.open({ path });
    // The first starts the sync and takes itself out of the queue.
    const writes = Array.from({ length: 1_002 }, () => kv.put('a', 'x'));
    const refused = (await Promise.allSettled(writes)).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(1);
    await kv.close();
  });

  test.each([
    { title: 'no key', key: '' },
    { title: 'a key of 1,025 bytes', key: 'k'.repeat(1_025) },
  ])('$title is refused', async ({ key }) => {
    const kv = await EmbeddedKv.open({ path });
    await expect(kv.put(key, '')).rejects.toMatchObject({ code: 'invalid_argument', reason: 'kv_key_size' });
    await kv.close();
  });

  test('a full store refuses more bytes, and takes them when something was removed', async () => {
    const kv = await EmbeddedKv.open({ path });
    const value = Buffer.alloc(512 * 1024);
    const writes = Array.from({ length: 16 }, (_, n) => kv.put(`k${n}`, value));
    await expect(Promise.all(writes)).rejects.toMatchObject({
      code: 'resource_exhausted',
      reason: 'kv_store_full',
    });
    await kv.delete('k0');
    expect(await kv.put('k15', value)).toBe(true);
    await kv.close();
  });
});

describe('waiting', () => {
  test('ends by the clock, without news', async () => {
    const clock = new FakeClock();
    const kv = await EmbeddedKv.open({ path, clock });
    let answered = false;
    const waiting = kv.list('p', { index: 1, waitMs: 1_000 }).then(() => (answered = true));
    await clock.advance(999);
    expect(answered).toBe(false);
    await clock.advance(1);
    await waiting;
    expect(clock.pending).toBe(0);
    await kv.close();
  });

  test('an index of a lost state is answered at once', async () => {
    const kv = await EmbeddedKv.open({ path, clock: new FakeClock() });
    expect((await kv.list('p', { index: 99, waitMs: 1_000 })).index).toBe(1);
    await kv.close();
  });

  test('closing ends every wait as unavailable', async () => {
    const kv = await EmbeddedKv.open({ path, clock: new FakeClock() });
    const waiting = kv.list('p', { index: 1, waitMs: 1_000 });
    await settle();
    await Promise.all([expect(waiting).rejects.toMatchObject({ reason: 'kv_closed' }), kv.close()]);
  });
});
