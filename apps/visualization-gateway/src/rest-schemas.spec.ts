import { LIMITS_CEILING } from '@ringwatch/metrics';
import { expect, test } from 'vitest';
import { checkQuery } from './check-query.ts';
import { hostPath, hostsQuery, metricsQuery } from './rest-schemas.ts';

test.each(['0', '10', '10.5', '1700000000.123456', '1e11', '5e-7'])('%s is a time', (at) => {
  expect(checkQuery(metricsQuery, { host: 'a', at }).at).toBe(Number(at));
});

test.each([
  '',
  ' ',
  ' 1',
  '1 ',
  '+1',
  '-1',
  '0x10',
  '0b1',
  '1_000',
  '.5',
  '5.',
  '1e',
  'NaN',
  'Infinity',
  '1e999',
  '١',
])('%j is no time and no limit', (text) => {
  const refusal = expect.objectContaining({ code: 'invalid_argument', reason: 'invalid_query' });
  for (const range of [{ at: text }, { start: text, end: '1e12' }, { start: '0', end: text }]) {
    expect(() => checkQuery(metricsQuery, { host: 'a', ...range })).toThrow(refusal);
  }
  expect(() => checkQuery(hostsQuery, { limit: text })).toThrow(refusal);
});

test('a time given twice is none', () => {
  expect(() => checkQuery(metricsQuery, { host: 'a', at: ['1', '2'] })).toThrow('at: ');
});

test('ids and keys as long as settings can allow are taken', () => {
  const hostId = 'h'.repeat(LIMITS_CEILING.hostIdBytesMax);
  const key = 'k'.repeat(LIMITS_CEILING.seriesKeyBytesMax);
  expect(checkQuery(metricsQuery, { host: hostId, at: '1', metrics: key }).metrics).toEqual([key]);
  expect(checkQuery(hostPath, { hostId })).toEqual({ hostId });
});
