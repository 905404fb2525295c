import { EmbeddedKv } from '@ringwatch/consul-client';
import { Fault } from '@ringwatch/kernel';
import { FakeClock, SeededRandom, settle } from '@ringwatch/kernel/fake';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigReader, ConfigStore, MemoryCopy } from './index.ts';

async function openStore(
  copy?: MemoryCopy,
): Promise<{ readonly store: ConfigStore; readonly kv: EmbeddedKv }> {
  const clock = new FakeClock();
  const kv = await EmbeddedKv.open({ clock });
  const random = new SeededRandom(1);
  const store = new ConfigStore({ kv, clock, random, ...(copy === undefined ? {} : { copy }) });
  await store.start();
  onTestFinished(() => store.close());
  return { store, kv };
}

test('the example of the README runs', async () => {
  const kv = await EmbeddedKv.open();
  const store = new ConfigStore({ kv });
  await store.start();
  const { document } = await store.put('brokers', 'settings', { intervalMs: 1_000 });
  await store.put('brokers', 'settings', { intervalMs: 500 }, { ifVersion: document.version });

  const reader = new ConfigReader({ kv });
  await reader.start();
  expect(reader.get('brokers', 'settings').value?.intervalMs).toBe(500);
  await Promise.all([reader.close(), store.close()]);
});

describe('reading', () => {
  test('a write is read by whoever waited for it', async () => {
    const { store } = await openStore();
    const { document } = await store.put('feature-flags', 'a', { enabled: true });
    const expected = { value: { enabled: true }, version: document.version, source: 'consul', ageMs: 0 };
    expect(await store.get('feature-flags', 'a')).toMatchObject(expected);
    expect(await store.list('feature-flags')).toHaveLength(1);
  });

  test('goes on from memory, with source and age, while the authority is away', async () => {
    const copy = new MemoryCopy();
    const { store, kv } = await openStore(copy);
    await store.put('feature-flags', 'a', { enabled: true });
    await settle(); // The reader hears of the write by its watch.
    await kv.close();
    const [found] = await store.list('feature-flags');
    expect(found).toMatchObject({ key: 'a', value: { enabled: true } });
    await expect(store.get('feature-flags', 'b')).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.put('feature-flags', 'a', { enabled: false })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  test.each([
    { title: 'family', family: 'nonsense', key: 'a', code: 'not_found', reason: 'family_unknown' },
    { title: 'key', family: 'routes', key: '../a', code: 'invalid_argument', reason: 'document_key_invalid' },
    { title: 'document', family: 'routes', key: 'a', code: 'not_found', reason: 'document_missing' },
  ])('an unknown $title is $code', async ({ family, key, code, reason }) => {
    const { store } = await openStore();
    await expect(store.get(family, key)).rejects.toMatchObject({ code, reason });
  });

  test('an unreadable document is a fault, not a missing one', async () => {
    const { store, kv } = await openStore();
    await store.put('feature-flags', 'a', { enabled: true });
    await kv.put('ringwatch/config/feature-flags/a', 'by hand');
    await expect(store.get('feature-flags', 'a')).rejects.toMatchObject({ reason: 'document_unreadable' });
  });
});

test('reports the relay only where there is a copy', async () => {
  expect((await openStore()).store.relayReport).toBeUndefined();
  const copy = new MemoryCopy();
  copy.down(new Fault('unavailable', 'Redis is away'));
  expect((await openStore(copy)).store.relayReport).toMatchObject({ held: [], orphans: [] });
});
