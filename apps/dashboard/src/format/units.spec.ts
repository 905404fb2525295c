import { describe, expect, test } from 'vitest';
import { rateBetween, ratesOf } from './rate.ts';
import { formatAge, formatTick, formatValue, scaleEnd, unitOf, type Unit } from './units.ts';

test.each<[number | null | undefined, Unit, string]>([
  [0.034, 'percent', '3.4 %'],
  [0.03, 'percent', '3.0 %'],
  [0.0996, 'percent', '10 %'],
  [0.5, 'percent', '50 %'],
  [0, 'percent', '0 %'],
  [0, 'bytes', '0 B'],
  [790.4, 'bytes-per-second', '790 B/s'],
  [12.4, 'bytes-per-second', '12 B/s'],
  [1536, 'bytes', '1.50 KiB'],
  [8 * 1024 ** 3, 'bytes', '8.00 GiB'],
  [-2048, 'bytes-per-second', '-2.00 KiB/s'],
  [0.00025, 'seconds', '250 µs'],
  [0.25, 'seconds', '250 ms'],
  [7_200, 'seconds', '2 h'],
  [1234, 'number', '1.23 k'],
  [3, 'number', '3'],
  [1.1, 'number', '1.10'],
  [1500, 'per-second', '1.50 k/s'],
  [48.26, 'celsius', '48.3 °C'],
  [null, 'bytes', '–'],
  [undefined, 'percent', '–'],
  [Number.NaN, 'number', '–'],
])('%s as %s reads %s', (value, unit, text) => {
  expect(formatValue(value, unit)).toBe(text);
});

test('a scale shows no zeros at the end', () => {
  const ticks = [formatTick(8 * 1024 ** 3, 'bytes'), formatTick(0.05, 'percent'), formatTick(2.5, 'number')];
  expect(ticks).toEqual(['8 GiB', '5 %', '2.5']);
});

test.each<[number, Unit, number]>([
  [5 * 1024 ** 2, 'bytes-per-second', 8 * 1024 ** 2],
  [1024, 'bytes', 1024],
  [3.2, 'number', 5],
  [7, 'number', 10],
  [0.12, 'per-second', 0.2],
  [0, 'bytes', 1],
])('a scale that holds %s %s ends at %s', (max, unit, end) => {
  expect(scaleEnd(max, unit)).toBeCloseTo(end);
});

test.each<[string, Unit]>([
  ['memory_available_bytes', 'bytes'],
  ['network_receive_bytes_total', 'bytes-per-second'],
  ['cpu_seconds_total', 'percent'],
  ['request_seconds', 'seconds'],
  ['cache_hit_ratio', 'percent'],
  ['requests_total', 'per-second'],
  ['load1', 'number'],
])('%s is measured in %s', (name, unit) => {
  expect(unitOf(name)).toBe(unit);
});

test('an age is said in its largest unit', () => {
  expect([4_900, 90_000, 7_300_000, 200_000_000].map(formatAge)).toEqual(['4 s', '1 min', '2 h', '2 d']);
});

describe('rates', () => {
  test('a counter that grows by ten in two seconds runs at five', () => {
    expect(rateBetween(10, 100, 20, 102)).toBe(5);
  });

  test('a reset counts from zero', () => {
    expect(ratesOf([1, 2, 3], [100, 110, 4], 3)).toEqual([null, 10, 4]);
  });

  test('no rate is drawn over a gap or an absent value', () => {
    expect(ratesOf([1, 2, 9, 10], [1, 2, 3, 4], 3)).toEqual([null, 1, null, 1]);
    expect(ratesOf([1, 2, 3], [1, null, 5], 3)).toEqual([null, null, 2]);
  });

  test('time that does not go on gives no rate', () => {
    expect(rateBetween(1, 5, 2, 5)).toBeUndefined();
  });
});
