/**
 * What every {@link KvStore} does, whoever keeps the data. Runs over the embedded store, the embedded store
 * behind HTTP, and a real Consul.
 */
import { watchPrefix, type KvListing, type KvStore } from '@ringwatch/consul-client';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

/** A store under test; `prefix` is its own, so that suites can share a server. */
export interface KvStoreUnderTest {
  readonly kv: KvStore;
  readonly prefix: string;
  close(): Promise<void>;
}

const SHORT_WAIT_MS = 50;
const LONG_WAIT_MS = 5_000;

/** Declares the suite under `title`; `open` gives each test a store without entries under its prefix. */
export function kvStoreContract(title: string, open: () => Promise<KvStoreUnderTest>): void {
  describe(title, () => {
    let under: KvStoreUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.close());

    keepsEntries(() => under);
    comparesAndSets(() => under);
    listsAndWaits(() => under);
    watches(() => under);
  });
}

type Current = () => KvStoreUnderTest;

async function textOf({ kv, prefix }: KvStoreUnderTest, name: string): Promise<string | undefined> {
  return (await kv.get(`${prefix}${name}`))?.value.toString();
}

function keepsEntries(current: Current): void {
  const key = (name: string): string => `${current().prefix}${name}`;

  test('a missing key is undefined and a missing prefix an empty listing', async () => {
    expect(await current().kv.get(key('none'))).toBeUndefined();
    expect((await current().kv.list(key('none/'))).entries).toEqual([]);
  });

  test.each(['plain', 'a/b/c', 'with space', 'per%cent', 'què?#&+=', 'emoji-🌍', 'quo\'te"s'])(
    'keeps the key %s',
    async (name) => {
      expect(await current().kv.put(key(name), 'value')).toBe(true);
      expect(await current().kv.get(key(name))).toMatchObject({ key: key(name), flags: 0, lockIndex: 0 });
      expect((await current().kv.list(current().prefix)).entries.map((entry) => entry.key)).toEqual([
        key(name),
      ]);
    },
  );

  test.each([
    { title: 'empty', value: Buffer.alloc(0) },
    { title: 'binary', value: Buffer.from([0, 255, 128, 10]) },
    { title: 'of the greatest size', value: Buffer.alloc(512 * 1024, 'x') },
  ])('keeps a value that is $title', async ({ value }) => {
    await current().kv.put(key('v'), value);
    expect((await current().kv.get(key('v')))?.value.equals(value)).toBe(true);
  });

  test('refuses a value above 512 KiB for good', async () => {
    const put = current().kv.put(key('v'), Buffer.alloc(512 * 1024 + 1));
    await expect(put).rejects.toMatchObject({ code: 'invalid_argument', reason: 'value_too_large' });
  });

  test('keeps flags', async () => {
    await current().kv.put(key('f'), 'x', { flags: 42 });
    expect((await current().kv.get(key('f')))?.flags).toBe(42);
  });

  test('a change gives a greater modifyIndex and keeps createIndex', async () => {
    await current().kv.put(key('a'), '1');
    const first = await current().kv.get(key('a'));
    await current().kv.put(key('b'), '1');
    await current().kv.put(key('a'), '2');
    const [second, other] = [await current().kv.get(key('a')), await current().kv.get(key('b'))];
    expect(second?.createIndex).toBe(first?.createIndex);
    expect(other?.modifyIndex).toBeGreaterThan(first?.modifyIndex ?? Infinity);
    expect(second?.modifyIndex).toBeGreaterThan(other?.modifyIndex ?? Infinity);
  });
}

function comparesAndSets(current: Current): void {
  const key = (name: string): string => `${current().prefix}${name}`;

  test('cas 0 writes only where nothing is', async () => {
    expect(await current().kv.put(key('a'), '1', { cas: 0 })).toBe(true);
    expect(await current().kv.put(key('a'), '2', { cas: 0 })).toBe(false);
    expect(await textOf(current(), 'a')).toBe('1');
  });

  test('cas writes only over the version that was read', async () => {
    await current().kv.put(key('a'), '1');
    const read = (await current().kv.get(key('a')))?.modifyIndex ?? 0;
    expect(await current().kv.put(key('a'), '2', { cas: read })).toBe(true);
    expect(await current().kv.put(key('a'), '3', { cas: read })).toBe(false);
    expect(await current().kv.put(key('missing'), '3', { cas: read })).toBe(false);
    expect(await textOf(current(), 'a')).toBe('2');
  });

  test('of racing cas writers exactly one wins', async () => {
    await current().kv.put(key('a'), 'start');
    const cas = (await current().kv.get(key('a')))?.modifyIndex ?? 0;
    const wins = await Promise.all(
      Array.from({ length: 8 }, (_, n) => current().kv.put(key('a'), `writer ${n}`, { cas })),
    );
    expect(wins.filter(Boolean)).toHaveLength(1);
    expect(await textOf(current(), 'a')).toBe(`writer ${wins.indexOf(true)}`);
  });

  test('delete with cas removes only the version that was read', async () => {
    await current().kv.put(key('a'), '1');
    const read = (await current().kv.get(key('a')))?.modifyIndex ?? 0;
    await current().kv.put(key('a'), '2');
    expect(await current().kv.delete(key('a'), { cas: read })).toBe(false);
    expect(await textOf(current(), 'a')).toBe('2');
    expect(await current().kv.delete(key('a'))).toBe(true);
    expect(await textOf(current(), 'a')).toBeUndefined();
  });
}

function listsAndWaits(current: Current): void {
  const key = (name: string): string => `${current().prefix}${name}`;

  test('lists everything under a prefix in the byte order of keys, and nothing beside it', async () => {
    for (const name of ['dir/b', 'dir/a', 'dir/é', 'dir/a/x', 'dirt', 'other'])
      await current().kv.put(key(name), name);
    const names = (await current().kv.list(key('dir/'))).entries.map((entry) =>
      entry.key.slice(current().prefix.length),
    );
    expect(names).toEqual(['dir/a', 'dir/a/x', 'dir/b', 'dir/é']);
  });

  test('a blocking list answers after the wait when nothing changed', async () => {
    await current().kv.put(key('w/a'), '1');
    const { index } = await current().kv.list(key('w/'));
    const again = await current().kv.list(key('w/'), { index, waitMs: SHORT_WAIT_MS });
    expect(again.entries).toHaveLength(1);
    expect(again.index).toBe(index);
  });

  test.each([
    { title: 'a write', change: (kv: KvStore, at: string) => kv.put(`${at}b`, '2'), left: 2 },
    { title: 'a removal', change: (kv: KvStore, at: string) => kv.delete(`${at}a`), left: 0 },
  ])('a blocking list answers at once on $title below its prefix', async ({ change, left }) => {
    await current().kv.put(key('w/a'), '1');
    const { index } = await current().kv.list(key('w/'));
    const waiting = current().kv.list(key('w/'), { index, waitMs: LONG_WAIT_MS });
    await change(current().kv, key('w/'));
    const seen = await waiting;
    expect(seen.entries).toHaveLength(left);
    expect(seen.index).toBeGreaterThan(index);
  });

  test('a blocking list is not woken by a write beside its prefix', async () => {
    await current().kv.put(key('w/a'), '1');
    const { index } = await current().kv.list(key('w/'));
    const waiting = current().kv.list(key('w/'), { index, waitMs: SHORT_WAIT_MS * 4 });
    await current().kv.put(key('x/a'), '1');
    expect((await waiting).index).toBe(index);
  });

  test('an aborted list is cancelled at once', async () => {
    await current().kv.put(key('w/a'), '1');
    const { index } = await current().kv.list(key('w/'));
    const abort = new AbortController();
    const waiting = current().kv.list(key('w/'), { index, waitMs: LONG_WAIT_MS, signal: abort.signal });
    setImmediate(() => abort.abort());
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  });
}

function watches(current: Current): void {
  const key = (name: string): string => `${current().prefix}${name}`;

  test('a watch delivers the first listing, each change once, and nothing for other prefixes', async () => {
    const seen: string[] = [];
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    let arrived = (): void => undefined;
    const onListing = ({ entries }: KvListing): void => {
      seen.push(entries.map((entry) => entry.value.toString()).join());
      arrived();
    };
    const next = (): Promise<void> => new Promise((resolve) => (arrived = resolve));
    let change = next();
    const watching = watchPrefix(
      current().kv,
      key('w/'),
      { onListing },
      { signal: abort.signal, waitMs: LONG_WAIT_MS },
    );
    for (const act of [
      () => current().kv.put(key('w/a'), '1'),
      () => current().kv.put(key('w/b'), '2'),
      () => current().kv.delete(key('w/a')),
    ]) {
      await change;
      change = next();
      await current().kv.put(key('x'), String(seen.length));
      await act();
    }
    await change;
    abort.abort();
    await watching;
    expect(seen).toEqual(['', '1', '1,2', '2']);
  });
}
