import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedKv, type KvListing, type KvListOptions, type KvStore } from '@ringwatch/consul-client';
import { Fault } from '@ringwatch/kernel';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Authority, ConfigReader, ConfigWriter, MemoryCopy, type ConfigReaderOptions } from './index.ts';

const ROUNDS_MAX = 400;
const away = new Fault('unavailable', 'away');

/** The store with a plug that can be pulled. */
class PluggedStore implements KvStore {
  plugged = true;
  constructor(readonly kv: EmbeddedKv) {}
  get = (key: string) => this.#through(() => this.kv.get(key));
  put = (...args: Parameters<EmbeddedKv['put']>) => this.#through(() => this.kv.put(...args));
  delete = (...args: Parameters<EmbeddedKv['delete']>) => this.#through(() => this.kv.delete(...args));
  list = (prefix: string, options?: KvListOptions): Promise<KvListing> =>
    this.#through(() => this.kv.list(prefix, options));
  async #through<T>(call: () => Promise<T>): Promise<T> {
    if (!this.plugged) throw away;
    return call();
  }
}

let folder: string;
let clock: FakeClock;
let kv: PluggedStore;
let copy: MemoryCopy;
let writer: ConfigWriter;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringwatch-reader-'));
  clock = new FakeClock();
  kv = new PluggedStore(await EmbeddedKv.open({ clock }));
  copy = new MemoryCopy();
  writer = new ConfigWriter({ authority: new Authority(kv), copy, clock });
});
afterEach(async () => {
  await kv.kv.close();
  await rm(folder, { recursive: true, force: true });
});

/** A started reader of both sources; ends with the test. */
async function startReader(options: Partial<ConfigReaderOptions> = {}): Promise<ConfigReader> {
  const reader = new ConfigReader({ kv, copy, clock, random: new SeededRandom(1), ...options });
  onTestFinished(() => reader.close());
  await reader.start();
  return reader;
}

/** Advances the clock in steps of 50 ms until `holds`, at most 20 s; returns the time that passed. */
async function eventually(holds: () => boolean): Promise<number> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (holds()) return round * 50;
    await clock.advance(50);
  }
  throw new Error('did not come to hold');
}

const settingsOf = (reader: ConfigReader) => reader.get('brokers', 'settings');

test('a reading says value, version, source and age', async () => {
  const { document } = await writer.put('brokers', 'settings', { intervalMs: 500 });
  const reader = await startReader();
  await eventually(() => settingsOf(reader).value !== undefined);
  const { value, version, source, ageMs } = settingsOf(reader);
  expect({ value, version }).toEqual({ value: { intervalMs: 500 }, version: document.version });
  expect(['consul', 'redis']).toContain(source);
  expect(ageMs).toBeLessThan(1_000);
});

test('what was never written is absent, without a source', async () => {
  const reader = await startReader();
  expect(settingsOf(reader)).toMatchObject({
    value: undefined,
    source: 'none',
    version: { epoch: 0, index: 0 },
  });
});

test.each([
  { title: 'both sources', options: () => ({}) },
  { title: 'Consul alone', options: () => ({ copy: undefined }) },
  { title: 'Redis alone', options: () => ({ kv: undefined }) },
])('a change is seen within a second over $title', async ({ options }) => {
  await writer.put('brokers', 'settings', { intervalMs: 500 });
  const reader = await startReader(options());
  await eventually(() => settingsOf(reader).value?.intervalMs === 500);
  const heard: (string | undefined)[] = [];
  reader.onChange(({ text }) => heard.push(text));
  await writer.put('brokers', 'settings', { intervalMs: 900 });
  expect(await eventually(() => settingsOf(reader).value?.intervalMs === 900)).toBeLessThan(1_000);
  expect(heard).toEqual(['{"intervalMs":900}']);
});

describe('a configured process starts and serves', () => {
  beforeEach(async () => {
    await writer.put('brokers', 'settings', { intervalMs: 500 });
  });

  test('with Redis stopped', async () => {
    copy.down(away);
    const reader = await startReader();
    await eventually(() => settingsOf(reader).source === 'consul');
    expect(reader.sources).toEqual([
      { source: 'consul', fault: undefined, held: [] },
      { source: 'redis', fault: 'away', held: [] },
    ]);
  });

  test('with Consul stopped', async () => {
    kv.plugged = false;
    const reader = await startReader();
    await eventually(() => settingsOf(reader).source === 'redis');
    expect(reader.sources[0]).toEqual({ source: 'consul', fault: 'away', held: [] });
  });

  test('with both stopped, from its snapshot, whose age goes on', async () => {
    const snapshotPath = join(folder, 'snapshot');
    await (await startReader({ snapshotPath })).close();
    kv.plugged = false;
    copy.down(away);
    await clock.advance(60_000);
    const reader = await startReader({ snapshotPath });
    expect(settingsOf(reader)).toMatchObject({ value: { intervalMs: 500 }, source: 'snapshot' });
    expect(settingsOf(reader).ageMs).toBeGreaterThanOrEqual(60_000);
    kv.plugged = true;
    await eventually(() => settingsOf(reader).source === 'consul');
  });

  test('with a damaged snapshot, which is not used and is replaced', async () => {
    const snapshotPath = join(folder, 'snapshot');
    await (await startReader({ snapshotPath })).close();
    const good = readFileSync(snapshotPath, 'utf8');
    writeFileSync(snapshotPath, good.replace('500', '501'));
    const reader = await startReader({ snapshotPath });
    await eventually(() => settingsOf(reader).value !== undefined);
    expect(settingsOf(reader).value).toEqual({ intervalMs: 500 });
    await reader.close();
    expect(readFileSync(snapshotPath, 'utf8')).toContain('500');
  });
});

test('goes on with the other source when one stops, and never goes back', async () => {
  await writer.put('brokers', 'settings', { intervalMs: 500 });
  const reader = await startReader();
  copy.down(away); // From here on the copy is behind.
  await writer.put('brokers', 'settings', { intervalMs: 900 });
  await eventually(() => settingsOf(reader).value?.intervalMs === 900);
  kv.plugged = false;
  copy.down(undefined);
  await clock.advance(12_000);
  expect(settingsOf(reader).value).toEqual({ intervalMs: 900 });
});

test('a lost message costs at most the poll of 5 s', async () => {
  const deaf = { apply: copy.apply.bind(copy), read: copy.read.bind(copy), subscribe: () => () => undefined };
  const reader = await startReader({ kv: undefined, copy: deaf } as unknown as Partial<ConfigReaderOptions>);
  await writer.put('brokers', 'settings', { intervalMs: 900 });
  expect(await eventually(() => settingsOf(reader).value?.intervalMs === 900)).toBeLessThanOrEqual(5_000);
});

test('an unreadable document is not taken, and the last good one stays', async () => {
  await writer.put('brokers', 'settings', { intervalMs: 500 });
  const reader = await startReader();
  await eventually(() => settingsOf(reader).value !== undefined);
  await kv.put('ringwatch/config/brokers/settings', '{"format":2}');
  copy.tamper('brokers', 'settings', '{"unknown":1}');
  await clock.advance(6_000);
  expect(settingsOf(reader).value).toEqual({ intervalMs: 500 });
});

test('a wiped store is held: the last good copy stays and the hold is visible', async () => {
  for (const key of ['a', 'b', 'c', 'd']) await writer.put('feature-flags', key, { enabled: true });
  const reader = await startReader({ copy: undefined });
  await eventually(() => reader.list('feature-flags').length === 4);
  await kv.kv.deleteTree('ringwatch/');
  await eventually(() => reader.sources[0]?.held.includes('feature-flags') === true);
  expect(reader.list('feature-flags')).toHaveLength(4);
});

test('start resolves after 5 s when nothing answers and nothing is known', async () => {
  kv.plugged = false;
  copy.down(away);
  const reader = new ConfigReader({ kv, copy, clock, random: new SeededRandom(1) });
  onTestFinished(() => reader.close());
  let started = false;
  void reader.start().then(() => (started = true));
  expect(await eventually(() => started)).toBe(5_000);
  expect(settingsOf(reader).ageMs).toBe(Infinity);
});
