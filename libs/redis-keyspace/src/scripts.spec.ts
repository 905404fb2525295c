import { describe, expect, test } from 'vitest';
import {
  ADVANCE_WATERMARK,
  advanceWatermarkCall,
  DEFAULT_RETENTION,
  FENCE_CONFIG,
  FORGET_CONFIG,
  fenceConfigCall,
  Keyspace,
  readWriteReports,
  REPORTS_PER_CALL_MAX,
  slotOf,
  WRITE_REPORTS,
  writeReportsCall,
} from './index.ts';

const keys = new Keyspace({ profile: 'tagged' });
const report = { timestamp: 1.5, data: '{}', codec: 'json' };
const write = { hostId: 'a', reports: [report, { ...report, timestamp: 2 }], newestFlushed: 2 };

describe('write-reports', () => {
  test('declares index, host and data keys, all in one slot', () => {
    const call = writeReportsCall(keys, DEFAULT_RETENTION, write);
    expect(call.keys).toEqual([
      keys.reportIndex('a'),
      keys.host('a'),
      keys.report('a', 1.5),
      keys.report('a', 2),
    ]);
    expect(new Set(call.keys.map(slotOf)).size).toBe(1);
    expect(call.args).toEqual(['900000', '900000', '0', '', '', '1.5', 'json', '{}', '2', 'json', '{}']);
  });

  test('reads one outcome per report', () => {
    expect(readWriteReports([1, 0, -1])).toEqual(['written', 'duplicate', 'conflict']);
  });

  test('refuses a call that would block Redis for too long', () => {
    const reports = Array.from({ length: REPORTS_PER_CALL_MAX + 1 }, (_, timestamp) => ({
      ...report,
      timestamp,
    }));
    expect(() => writeReportsCall(keys, DEFAULT_RETENTION, { ...write, reports })).toThrow(
      'reports in one call',
    );
  });
});

test('advance-watermark passes counters as plain decimals', () => {
  const call = advanceWatermarkCall(keys, 3, { index: 2 ** 40, term: 1, cluster: 'c', run: 'r' });
  expect(call).toEqual({ keys: ['monitor:watermark:3'], args: ['1099511627776', '1', 'c', 'r'] });
});

test('fence-config publishes key, version and hash, never the value', () => {
  const change = {
    family: 'brokers',
    key: 'a:b',
    version: { epoch: 1, index: 9 },
    hash: 'ff',
    value: '"secret"',
    atMs: 5,
  };
  const { keys: declared, args } = fenceConfigCall(keys, change);
  expect(declared).toHaveLength(4);
  expect(args[0]).toBe('a%3Ab');
  expect(JSON.parse(String(args.at(-1)))).toEqual({
    family: 'brokers',
    key: 'a:b',
    version: { epoch: 1, index: 9 },
    hash: 'ff',
  });
});

test.each([WRITE_REPORTS, ADVANCE_WATERMARK, FENCE_CONFIG, FORGET_CONFIG])(
  '$name touches only keys that it declares',
  ({ lua }) => {
    const touched = [...lua.matchAll(/redis\.call\('(?!PUBLISH)\w+', (\w+)/g)].map(
      ([, argument]) => argument,
    );
    expect(touched.length).toBeGreaterThan(0);
    expect(new Set(touched)).toEqual(new Set(['KEYS']));
  },
);
