/**
 * Two writers with their relays, and readers of each kind, over slow ways that open and close. Seeded, on a
 * fake clock.
 *
 * 1. Neither the copy nor what a reader knows ever goes back, not even for a moment.
 * 2. A write that was answered is in the authority, or a later one is.
 * 3. When all is back, authority, copy and every reader agree, and the epoch is still the first.
 */
import {
  compareVersions,
  ConfigReader,
  ConfigStore,
  formatVersion,
  MemoryCopy,
  META_KEY,
  NO_VERSION,
  type ConfigVersion,
  type FastCopy,
} from '@ringwatch/config-store';
import { EmbeddedKv, type KvStore } from '@ringwatch/consul-client';
import { Fault, randomBelow, sleep, toFault } from '@ringwatch/kernel';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import { expect, onTestFinished, test } from 'vitest';

const STEPS = 150;
const STEP_MS_MAX = 400;
const LATENCY_MS_MAX = 60;
/** Longer than the longest backoff and comparison interval. */
const HEALED_MS = 30_000;
const FAMILY = 'feature-flags';
/** Fewer than the shrink guard looks at. */
const KEYS = ['a', 'b', 'c'];

/** Delays and outages on the way to a store, also between an action and its answer. */
class Way {
  open = true;
  constructor(
    private readonly clock: FakeClock,
    private readonly random: SeededRandom,
  ) {}

  async through<T>(call: () => Promise<T>): Promise<T> {
    await this.#pass();
    const answer = await call();
    await this.#pass();
    return answer;
  }

  async #pass(): Promise<void> {
    await sleep(this.clock, randomBelow(this.random, LATENCY_MS_MAX));
    if (!this.open) throw new Fault('unavailable', 'the way is closed');
  }
}

function farKv(kv: EmbeddedKv, way: Way): KvStore {
  return {
    get: (key) => way.through(() => kv.get(key)),
    list: (prefix, options) => way.through(() => kv.list(prefix, options)),
    put: (key, value, options) => way.through(() => kv.put(key, value, options)),
    delete: (key, options) => way.through(() => kv.delete(key, options)),
  };
}

function farCopy(copy: MemoryCopy, way: Way): FastCopy {
  return {
    apply: (document) => way.through(() => copy.apply(document)),
    read: (family) => way.through(() => copy.read(family)),
    forget: (document) => way.through(() => copy.forget(document)),
    subscribe: (listener) =>
      copy.subscribe({
        onSubscribed: listener.onSubscribed,
        onMessage: (message) =>
          void way.through(async () => listener.onMessage(message)).catch(() => undefined),
      }),
  };
}

async function openWorld(seed: number) {
  const clock = new FakeClock();
  const random = new SeededRandom(seed);
  const kv = await EmbeddedKv.open({ clock });
  const copy = new MemoryCopy();
  const ways = { kv: new Way(clock, random), copy: new Way(clock, random) };
  const far = { kv: farKv(kv, ways.kv), copy: farCopy(copy, ways.copy) };
  const stores = [1, 2].map(() => new ConfigStore({ ...far, clock, random }));
  const readers = [{ kv: far.kv }, { copy: far.copy }, far].map(
    (sources) => new ConfigReader({ ...sources, clock, random }),
  );
  const all = [...stores, ...readers];
  onTestFinished(async () => {
    const closed = Promise.all(all.map((one) => one.close()));
    await clock.advance(HEALED_MS);
    await closed;
    await kv.close();
  });
  const started = Promise.all(all.map((one) => one.start()));
  await clock.advance(HEALED_MS);
  await started;
  return { clock, random, kv, copy, ways, stores, readers };
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])('configuration converges and never goes back, seed %i', async (seed) => {
  const { clock, random, kv, copy, ways, stores, readers } = await openWorld(seed);
  const pick = <T>(from: readonly T[]): T => from[randomBelow(random, from.length)] as T;
  const newest = new Map<string, ConfigVersion>();
  const writes: Promise<void>[] = [];
  const wentBack: string[] = [];
  const follower = () => {
    const known = new Map<string, ConfigVersion>();
    return ({ key, version }: { readonly key: string; readonly version: ConfigVersion }): void => {
      if (compareVersions(version, known.get(key) ?? NO_VERSION) < 0) {
        wentBack.push(`${key} ${formatVersion(version)}`);
      }
      known.set(key, version);
    };
  };
  for (const reader of readers) reader.onChange(follower());
  copy.subscribe({ onMessage: follower(), onSubscribed: () => undefined });

  const write = async (key: string): Promise<void> => {
    const store = pick(stores);
    const value = { enabled: random.next() < 0.5, percentage: randomBelow(random, 50) };
    try {
      const call = random.next() < 0.8 ? store.put(FAMILY, key, value) : store.delete(FAMILY, key);
      const { version } = (await call).document;
      if (compareVersions(version, newest.get(key) ?? NO_VERSION) > 0) newest.set(key, version);
    } catch (error) {
      expect(['unavailable', 'aborted', 'not_found']).toContain(toFault(error).code);
    }
  };

  for (let step = 0; step < STEPS; step++) {
    const kind = random.next();
    if (kind < 0.7) writes.push(write(pick(KEYS)));
    else if (kind < 0.8) ways.kv.open = !ways.kv.open;
    else if (kind < 0.9) ways.copy.open = !ways.copy.open;
    else copy.tamper(FAMILY, pick(KEYS), '{"enabled":true,"percentage":99}');
    await clock.advance(randomBelow(random, STEP_MS_MAX));
  }
  ways.kv.open = true;
  ways.copy.open = true;
  await clock.advance(HEALED_MS);
  await Promise.all(writes);
  await clock.advance(HEALED_MS);

  expect(wentBack).toEqual([]);
  const truth: unknown[] = [];
  for (const { key, value } of (await kv.list(`ringwatch/config/${FAMILY}/`)).entries) {
    const { value: content, hash } = JSON.parse(value.toString()) as { value?: unknown; hash: string };
    if (content !== undefined) truth.push({ key: key.split('/').at(-1), value: content, hash });
  }
  for (const reader of readers) {
    expect(reader.list(FAMILY).map(({ key, value, hash }) => ({ key, value, hash }))).toEqual(truth);
  }
  const copied = (await copy.read(FAMILY)).filter(({ text }) => text !== undefined);
  copied.sort((one, other) => (one.key < other.key ? -1 : 1));
  expect(
    copied.map(({ key, text = '', hash }) => ({ key, value: JSON.parse(text) as unknown, hash })),
  ).toEqual(truth);
  for (const [key, version] of newest) {
    const index = (await kv.get(`ringwatch/config/${FAMILY}/${key}`))?.modifyIndex;
    expect(index).toBeGreaterThanOrEqual(version.index);
  }
  expect(JSON.parse((await kv.get(META_KEY))?.value.toString() ?? '')).toEqual({ format: 1, epoch: 1 });
});
