import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalSeriesKey, formatSeriesKey, isCounter, metricName, parseSeriesKey } from './series-key.ts';

describe('series key', () => {
  test('is canonical with sorted labels and no spaces', () => {
    expect(canonicalSeriesKey('cpu{mode="user", cpu="0"}')).toBe('cpu{cpu="0",mode="user"}');
  });

  test('drops empty braces', () => {
    expect(canonicalSeriesKey('load1{}')).toBe('load1');
  });

  test.each([
    ['', 'series_key_malformed'],
    ['1load', 'series_key_malformed'],
    ['a b', 'series_key_malformed'],
    ['a{', 'series_key_malformed'],
    ['a{b}', 'series_key_malformed'],
    ['a{b="c"', 'series_key_malformed'],
    ['a{b="c"}x', 'series_key_malformed'],
    ['a{b="c"d="e"}', 'series_key_malformed'],
    ['a{b="\\x"}', 'series_key_malformed'],
    ['a{b="c}', 'series_key_malformed'],
    ['a{1b="c"}', 'series_key_malformed'],
    ['a{b="1",b="2"}', 'series_key_duplicate_label'],
    ['__proto__', 'series_key_reserved'],
    ['a{__proto__="1"}', 'series_key_reserved'],
  ])('%j is refused as %s', (text, reason) => {
    expect(() => canonicalSeriesKey(text)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', reason }),
    );
  });

  test('survives any label value: parse(format(x)) is x', () => {
    const labelName = fc
      .stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/)
      .filter((name) => name !== '__proto__');
    fc.assert(
      fc.property(fc.dictionary(labelName, fc.string({ unit: 'binary' })), (labels) => {
        const key = formatSeriesKey('m', labels);
        expect(Object.fromEntries(parseSeriesKey(key).labels)).toEqual({ ...labels });
        expect(canonicalSeriesKey(key)).toBe(key);
      }),
    );
  });

  test('parsing a hostile key of 100 kB takes no more than a linear scan', () => {
    const hostile = `a{${'b="\\\\",'.repeat(15_000)}`;
    const startedMs = performance.now();
    expect(() => parseSeriesKey(hostile)).toThrow();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  test('tells counters by their name alone', () => {
    expect(isCounter('requests_total{code="200"}')).toBe(true);
    expect(isCounter('load{kind="x_total"}')).toBe(false);
    expect(metricName('requests_total{code="200"}')).toBe('requests_total');
  });
});
