import { Fault } from '@ringwatch/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileFilter, encodeFrame, parseClientFrame, parseServerFrame, SchemaBook } from './index.ts';

function reasonOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof Fault) return error.reason;
    throw error;
  }
  return 'accepted';
}

const subscribe = (fields: object): string => JSON.stringify({ v: 1, type: 'subscribe', id: 's', ...fields });
const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `h${i}`);
const labelled = (count: number): object => Object.fromEntries(many(count).map((name) => [name, '']));

describe('client frames', () => {
  test('a subscription comes through as it was sent', () => {
    const hosts = { ids: ['a'], globs: ['web-*'], labels: { rack: 'r7' } };
    const frame = { hosts, metrics: { names: ['load1'] } };
    expect(parseClientFrame(subscribe(frame))).toEqual({ type: 'subscribe', id: 's', ...frame });
  });

  test.each([
    ['not JSON', '{', 'frame_malformed'],
    ['no object', '[1]', 'frame_malformed'],
    ['no version', '{"type":"ping"}', 'frame_version'],
    ['another version', '{"v":2,"type":"ping"}', 'frame_version'],
    ['an unknown type', '{"v":1,"type":"shutdown"}', 'frame_unknown_type'],
    ['a misspelt filter', subscribe({ host: {} }), 'frame_unknown_field'],
    ['a misspelt field of a filter', subscribe({ hosts: { id: ['a'] } }), 'frame_unknown_field'],
    ['a field named __proto__', '{"v":1,"type":"ping","__proto__":{}}', 'frame_unknown_field'],
    ['no id', '{"v":1,"type":"unsubscribe"}', 'frame_malformed'],
    ['an empty id', subscribe({ id: '' }), 'frame_malformed'],
    ['an endless id', subscribe({ id: 'x'.repeat(65) }), 'frame_malformed'],
    ['a pattern that is no text', subscribe({ hosts: { ids: [1] } }), 'frame_malformed'],
    ['a list that is none', subscribe({ metrics: { names: 'load1' } }), 'frame_malformed'],
    ['a label that is no text', subscribe({ hosts: { labels: { a: 1 } } }), 'frame_malformed'],
    ['101 patterns over both', subscribe({ hosts: { ids: many(50), globs: many(51) } }), 'too_many_patterns'],
    ['33 labels', subscribe({ hosts: { labels: labelled(33) } }), 'too_many_patterns'],
    ['an endless pattern', subscribe({ metrics: { globs: ['*'.repeat(4_097)] } }), 'pattern_too_long'],
    ['a nonce that is no integer', '{"v":1,"type":"ping","nonce":0.5}', 'frame_malformed'],
    ['more than 64 KiB', `{"v":1,"type":"ping"}${' '.repeat(64 * 1024)}`, 'frame_too_large'],
  ])('refuses %s', (_what, text, reason) => {
    expect(reasonOf(() => parseClientFrame(text))).toBe(reason);
  });

  test('any text is a frame or a coded fault, never another error', () => {
    const filters = fc.jsonValue().map((hosts) => subscribe({ hosts }));
    const texts = fc.oneof(fc.string(), fc.json(), filters);
    fc.assert(
      fc.property(texts, (text) => {
        expect(reasonOf(() => parseClientFrame(text))).toMatch(/^(accepted|frame_|too_many|pattern_)/);
      }),
    );
  });
});

describe('server frames', () => {
  test('come back as they were encoded, absent values as null', () => {
    const report = { host: 'a', timestamp: 1.5, schema: 0, values: [1, Number.NaN as number | null] };
    const text = encodeFrame({ type: 'update', id: 's', serverTimeMs: 7, reports: [report] });
    expect(text).toBe(
      '{"v":1,"type":"update","id":"s","serverTimeMs":7,' +
        '"reports":[{"host":"a","timestamp":1.5,"schema":0,"values":[1,null]}]}',
    );
    expect(parseServerFrame(text)).toMatchObject({ type: 'update', reports: [{ values: [1, null] }] });
  });

  test.each([
    ['not JSON', 'x', 'frame_malformed'],
    ['null', 'null', 'frame_malformed'],
    ['another version', '{"v":2,"type":"pong"}', 'frame_version'],
    ['a name of Object.prototype as its type', '{"v":1,"type":"toString"}', 'frame_unknown_type'],
    ['an update without reports', '{"v":1,"type":"update","id":"s"}', 'frame_malformed'],
  ])('refuses %s', (_what, text, reason) => {
    expect(reasonOf(() => parseServerFrame(text))).toBe(reason);
  });
});

describe('filter', () => {
  const matches = (hosts: object, host: string, labels = {}): boolean => {
    const filter = compileFilter({ id: 's', hosts });
    return filter.matchesId(host) && filter.matchesLabels(labels);
  };

  test('without ids and globs every host matches, with either one of them must', () => {
    expect(matches({}, 'a')).toBe(true);
    expect(matches({ ids: ['a'], globs: ['web-*'] }, 'a')).toBe(true);
    expect(matches({ ids: ['a'], globs: ['web-*'] }, 'web-1')).toBe(true);
    expect(matches({ ids: ['a'], globs: ['web-*'] }, 'b')).toBe(false);
  });

  test('all labels must be equal, and inherited names are no labels', () => {
    const labels = { rack: 'r7', os: 'linux' };
    expect(matches({ labels }, 'a', { ...labels, more: 'y' })).toBe(true);
    expect(matches({ labels: { rack: 'r7' } }, 'a', { rack: 'r8' })).toBe(false);
    expect(matches({ labels: { toString: 'x' } }, 'a', {})).toBe(false);
  });

  test('a metric matches by name, by glob over the whole key or by series key', () => {
    const metrics = { names: ['load1'], globs: ['net_*eth0*'], series: ['a{b="c"}'] };
    const filter = compileFilter({ id: 's', metrics });
    const keys = ['load1', 'load1{x="y"}', 'load15', 'net_bytes{device="eth0"}', 'a{b="c"}', 'a'];
    expect(keys.filter((key) => filter.matchesSeries(key))).toEqual([
      'load1',
      'load1{x="y"}',
      'net_bytes{device="eth0"}',
      'a{b="c"}',
    ]);
  });

  test('equal filters in another order share a key, other filters or ids do not', () => {
    const key = (id: string, ids: string[]): string => compileFilter({ id, hosts: { ids } }).key;
    expect(key('s', ['a', 'b'])).toBe(key('s', ['b', 'a', 'a']));
    expect(key('s', ['a'])).not.toBe(key('s', ['b']));
    expect(key('s', ['a'])).not.toBe(key('t', ['a']));
  });
});

test('a schema book refuses a report with an unknown schema, and one that does not fit', () => {
  const book = new SchemaBook();
  const decode = (schema: number, values: number[]) => () =>
    book.decode({ host: 'a', timestamp: 1, schema, values });
  book.learn([{ id: 3, keys: ['load1'] }]);
  expect(decode(3, [0.5])().keys).toEqual(['load1']);
  expect(reasonOf(decode(4, [0.5]))).toBe('unknown_schema');
  expect(reasonOf(decode(3, []))).toBe('unknown_schema');
});
