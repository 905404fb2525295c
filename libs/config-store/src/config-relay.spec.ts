import { EmbeddedKv } from '@ringwatch/consul-client';
import { Fault } from '@ringwatch/kernel';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigDocument } from './document.ts';
import { Authority, ConfigRelay, ConfigWriter, MemoryCopy, META_KEY } from './index.ts';

const ROUNDS_MAX = 400;
const down = new Fault('unavailable', 'Redis is away');
const flag = { enabled: true };

let clock: FakeClock;
let kv: EmbeddedKv;
let copy: MemoryCopy;
let writer: ConfigWriter;
let relay: ConfigRelay;
let end: AbortController;
let running: Promise<void>;
let seen: ConfigDocument[];

beforeEach(async () => {
  clock = new FakeClock();
  kv = await EmbeddedKv.open({ clock });
  copy = new MemoryCopy();
  writer = new ConfigWriter({ authority: new Authority(kv), clock });
  seen = [];
  relay = new ConfigRelay({ kv, copy, clock, random: new SeededRandom(1), seen: () => seen });
  end = new AbortController();
  running = relay.run(end.signal);
});
afterEach(async () => {
  end.abort();
  await running;
  await kv.close();
});

/** Advances the clock in steps of 50 ms until `holds`, at most 20 s. */
async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (await holds()) return;
    await clock.advance(50);
  }
  throw new Error('did not come to hold');
}

const copied = async (key: string): Promise<string | undefined> =>
  (await copy.read('feature-flags')).find((document) => document.key === key)?.text;

test('what was written to the authority alone reaches the copy', async () => {
  await writer.put('feature-flags', 'a', flag);
  await eventually(async () => (await copied('a')) !== undefined);
  expect(await copied('a')).toBe('{"enabled":true}');
});

test('what was written while the copy was away reaches it when it is back', async () => {
  copy.down(down);
  await writer.put('feature-flags', 'a', flag);
  await eventually(() => relay.report.fault === 'Redis is away');
  copy.down(undefined);
  await eventually(async () => (await copied('a')) !== undefined);
  expect(relay.report).toMatchObject({ fault: undefined, repaired: 1 });
});

test('a copy that was changed by hand is repaired within 10 s', async () => {
  await writer.put('feature-flags', 'a', flag);
  await eventually(async () => (await copied('a')) !== undefined);
  copy.tamper('feature-flags', 'a', '{"enabled":false}');
  await clock.advance(10_100);
  expect(await copied('a')).toBe('{"enabled":true}');
});

test('a deletion reaches the copy as a tombstone', async () => {
  await writer.put('feature-flags', 'a', flag);
  await eventually(async () => (await copied('a')) !== undefined);
  await writer.delete('feature-flags', 'a');
  await eventually(async () => (await copied('a')) === undefined);
  expect(await copy.read('feature-flags')).toHaveLength(1);
});

test('a deletion is forgotten after 24 h, in both stores', async () => {
  await writer.put('feature-flags', 'a', flag);
  await writer.delete('feature-flags', 'a');
  await eventually(async () => (await copy.read('feature-flags')).length === 1);
  clock.jumpWall(24 * 3_600_000 - 60_000);
  await clock.advance(10_100);
  expect(await copy.read('feature-flags')).toHaveLength(1);
  clock.jumpWall(60_000);
  await eventually(async () => (await copy.read('feature-flags')).length === 0);
  expect(await kv.get('ringwatch/config/feature-flags/a')).toBeUndefined();
});

test('a deletion that the copy does not have yet is not forgotten', async () => {
  copy.down(down);
  await writer.put('feature-flags', 'a', flag);
  await writer.delete('feature-flags', 'a');
  clock.jumpWall(48 * 3_600_000);
  await clock.advance(10_100);
  expect(await kv.get('ringwatch/config/feature-flags/a')).toBeDefined();
});

test('what only the copy has is reported and kept', async () => {
  const { document } = await writer.put('feature-flags', 'a', flag);
  await copy.apply({ ...document, key: 'orphan' });
  await eventually(() => relay.report.orphans.length > 0);
  expect(relay.report.orphans).toEqual(['feature-flags/orphan']);
  expect(await copied('orphan')).toBeDefined();
});

test('a family that would shrink by more than 30 % at once is held', async () => {
  const keys = ['a', 'b', 'c', 'd', 'e'];
  for (const key of keys) await writer.put('feature-flags', key, flag);
  await eventually(async () => (await copy.read('feature-flags')).length === keys.length);
  copy.down(down); // The relay must see both deletions at once.
  for (const key of ['a', 'b']) await writer.delete('feature-flags', key);
  await eventually(() => relay.report.fault !== undefined);
  copy.down(undefined);
  await eventually(() => relay.report.held.length > 0);
  expect(relay.report.held).toEqual(['feature-flags']);
  expect(await copied('a')).toBeDefined();
});

describe('an authority that went back', () => {
  const epochOf = async (): Promise<number> =>
    JSON.parse((await kv.get(META_KEY))?.value.toString() ?? '{}').epoch;

  test('begins a new epoch, so that its documents win over later copies', async () => {
    const { document } = await writer.put('feature-flags', 'a', flag);
    const version = { epoch: 1, index: document.version.index + 100 };
    await copy.apply({ ...document, version, text: '{"enabled":false}' });
    await eventually(async () => (await copied('a')) === '{"enabled":true}');
    expect(await epochOf()).toBe(2);
  });

  test('is noticed against a snapshot of this process too, beyond the greatest epoch seen', async () => {
    const { document } = await writer.put('feature-flags', 'a', flag);
    seen = [{ ...document, version: { epoch: 7, index: 1 } }];
    await eventually(async () => (await epochOf()) !== 1);
    expect(await epochOf()).toBe(8);
  });

  test('is not mistaken for a writer that is faster than the watch', async () => {
    const fast = new ConfigWriter({ authority: new Authority(kv), copy, clock });
    for (let percentage = 0; percentage < 50; percentage++) {
      await fast.put('feature-flags', 'a', { enabled: true, percentage });
      await clock.advance(10);
    }
    await clock.advance(10_100);
    expect(await epochOf()).toBe(1);
  });
});
