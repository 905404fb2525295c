import { expect, test } from 'vitest';
import { chunkWindowStart, DEFAULT_RETENTION, rollupPeriodStart, trimBelow, ttlMsOf } from './index.ts';

test('the index lives as long as the data it names, and a schema longer than any chunk', () => {
  expect(ttlMsOf('report-index', DEFAULT_RETENTION)).toBe(ttlMsOf('report', DEFAULT_RETENTION));
  expect(ttlMsOf('schema', DEFAULT_RETENTION)).toBeGreaterThan(
    ttlMsOf('chunk', DEFAULT_RETENTION) ?? Infinity,
  );
});

test('host metadata and configuration never expire', () => {
  expect(ttlMsOf('host', DEFAULT_RETENTION)).toBeUndefined();
  expect(ttlMsOf('config', DEFAULT_RETENTION)).toBeUndefined();
});

test('the index is trimmed one raw retention below the newest flushed report, never below zero', () => {
  expect(trimBelow(10_000.5, { rawMs: 900_000, historyMs: 0 })).toBe(9_100);
  expect(trimBelow(10, DEFAULT_RETENTION)).toBe(0);
});

test('a chunk window is ten minutes, aligned to the epoch', () => {
  expect(chunkWindowStart(1_700_000_123.5)).toBe(1_699_999_800);
});

test.each([
  { resolution: '1m' as const, start: Date.UTC(2024, 1, 29) / 1_000 },
  { resolution: '1h' as const, start: Date.UTC(2024, 1, 1) / 1_000 },
])('rollups of $resolution share a field per UTC period', ({ resolution, start }) => {
  expect(rollupPeriodStart(resolution, Date.UTC(2024, 1, 29, 23, 59, 59) / 1_000)).toBe(start);
});
