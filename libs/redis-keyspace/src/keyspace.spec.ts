import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Keyspace, slotOf, type KeyProfile, type KeyRef } from './index.ts';

const PROFILES: readonly KeyProfile[] = ['bare', 'tagged', 'tagged-day'];

const name = fc
  .oneof(
    fc.string({ minLength: 1, unit: 'binary' }),
    fc.string({
      minLength: 1,
      unit: fc.constantFrom('a', ':', '{', '}', '%', '3', 'A', ' ', '\n', 'é', '𝄞'),
    }),
  )
  .filter((text) => !/\p{Surrogate}/u.test(text));
const timestamp = fc.oneof(
  fc.integer({ min: 0, max: 1e11 }),
  fc.integer({ min: 1, max: 1e14 }).map((ms) => ms / 1_000),
  fc.double({ min: 1e-6, max: 1e11, noNaN: true }),
);
const ref: fc.Arbitrary<KeyRef> = fc.oneof(
  fc.record({ kind: fc.constant('report' as const), hostId: name, timestamp }),
  fc.record({ kind: fc.constant('chunk' as const), hostId: name, windowStart: timestamp }),
  fc.record({ kind: fc.constantFrom('report-index' as const, 'host' as const), hostId: name }),
  fc.record({
    kind: fc.constant('rollup' as const),
    resolution: fc.constantFrom('1m' as const, '1h' as const),
    hostId: name,
  }),
  fc.constant({ kind: 'hosts' as const }),
  fc.record({ kind: fc.constant('schema' as const), hash: name }),
  fc.record({ kind: fc.constant('watermark' as const), partition: fc.nat() }),
  fc.record({
    kind: fc.constantFrom(
      'config' as const,
      'config-versions' as const,
      'config-tombstones' as const,
      'config-stream' as const,
    ),
    family: name,
  }),
);

describe('the bare profile is the contract of the users', () => {
  const keys = new Keyspace();
  test.each([
    [keys.report('web-1', 1_700_000_000), 'monitor:metrics:web-1:1700000000'],
    [keys.report('web-1', 1_700_000_000.25), 'monitor:metrics:web-1:1700000000.25'],
    [keys.reportIndex('web-1'), 'monitor:index:metrics:web-1'],
    [keys.host('web-1'), 'monitor:hosts:web-1'],
    [keys.hosts(), 'monitor:hosts'],
    [keys.chunk('web-1', 1_700_000_400), 'monitor:chunks:web-1:1700000400'],
    [keys.schema('00ff'), 'monitor:schema:00ff'],
    [keys.rollup('1m', 'web-1'), 'monitor:aggregation:1m:web-1'],
    [keys.watermark(7), 'monitor:watermark:7'],
    [keys.config('brokers'), 'ringwatch:config:brokers'],
    [keys.configVersions('brokers'), 'ringwatch:config:brokers:versions'],
    [keys.configTombstones('brokers'), 'ringwatch:config:brokers:tombstones'],
    [keys.configStream('brokers'), 'ringwatch:config:brokers:stream'],
    [keys.configChannel(), 'ringwatch:config:changes'],
    [keys.host('a:b {c}%'), 'monitor:hosts:a%3Ab%20%7Bc%7D%25'],
  ])('%s', (built, documented) => {
    expect(built).toBe(documented);
  });
});

describe.each(PROFILES)('profile %s', (profile) => {
  const keys = new Keyspace({ profile, prefix: 'acme' });

  test('parse gives back what build was given', () => {
    const parsed = fc.property(ref, (one) => {
      expect(keys.parse(keys.build(one))).toEqual(one);
    });
    fc.assert(parsed, { numRuns: 2_000 });
  });

  test('distinct names never share a key', () => {
    const shared = fc.property(name, name, (a, b) => {
      expect(keys.host(a) === keys.host(b)).toBe(a === b);
    });
    fc.assert(shared, { numRuns: 2_000 });
  });

  test('parse accepts no other spelling of a key', () => {
    for (const suffix of [
      'monitor:hosts:a%3a',
      'monitor:hosts:',
      'monitor:hosts:%41',
      'monitor:watermark:07',
      'other',
    ]) {
      expect(keys.parse(`acme:${suffix}`)).toBeUndefined();
    }
    const report = keys.report('a', 5);
    for (const other of [
      `${report}.0`,
      `${report.slice(0, -1)}05`,
      `${report.slice(0, -1)}5e0`,
      report.slice(5),
    ]) {
      expect(keys.parse(other)).toBeUndefined();
    }
  });
});

describe('slots', () => {
  // Reference values of `CLUSTER KEYSLOT` on Redis 7.0.
  test.each([
    ['123456789', 12_739],
    ['monitor:hosts', 15_453],
    ['{user1000}.following', 3_443],
    ['foo{}{bar}', 8_363],
    ['foo{{bar}}zap', 4_015],
  ])('%s is in the slot that Redis says', (key, slot) => {
    expect(slotOf(key)).toBe(slot);
  });

  test('tagged keeps all keys of a host in one slot, and bare does not', () => {
    const slots = (profile: KeyProfile): number => {
      const keys = new Keyspace({ profile });
      const host = 'web:1';
      return new Set(
        [
          keys.report(host, 1),
          keys.report(host, 2.5),
          keys.reportIndex(host),
          keys.host(host),
          keys.chunk(host, 600),
          keys.rollup('1m', host),
          keys.rollup('1h', host),
        ].map(slotOf),
      ).size;
    };
    expect(slots('tagged')).toBe(1);
    expect(slots('bare')).toBeGreaterThan(1);
  });

  test('tagged-day spreads the history of a host by day and leaves its reports together', () => {
    const keys = new Keyspace({ profile: 'tagged-day' });
    const chunks = Array.from({ length: 15 }, (_, day) => slotOf(keys.chunk('hot', day * 86_400)));
    expect(new Set(chunks).size).toBeGreaterThan(10);
    expect(slotOf(keys.chunk('hot', 0))).toBe(slotOf(keys.chunk('hot', 86_399)));
    expect(slotOf(keys.report('hot', 1))).toBe(slotOf(keys.host('hot')));
  });
});

describe('what cannot be a key is refused', () => {
  const keys = new Keyspace();
  test.each([
    ['an empty name', () => keys.host(''), 'name_empty'],
    ['a lone surrogate', () => keys.host('a\ud800'), 'name_not_unicode'],
    ['a negative time', () => keys.report('a', -1), 'timestamp_out_of_range'],
    ['not a number', () => keys.report('a', Number.NaN), 'timestamp_out_of_range'],
    ['a time in milliseconds', () => keys.report('a', 1_700_000_000_000), 'timestamp_out_of_range'],
    ['a prefix with braces', () => new Keyspace({ prefix: '{a}' }).hosts(), 'key_prefix_invalid'],
  ])('%s', (_, build, reason) => {
    expect(build).toThrow(expect.objectContaining({ code: 'invalid_argument', reason }));
  });
});
