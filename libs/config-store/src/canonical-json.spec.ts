import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, hashOf, type JsonValue } from './canonical-json.ts';

const json = fc
  .jsonValue()
  .filter((value) => !JSON.stringify(value).includes('__proto__')) as fc.Arbitrary<JsonValue>;

describe('canonical JSON', () => {
  test('is JSON that means the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (value) => {
        fc.pre(!Object.hasOwn(value, '__proto__'));
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
      }),
    );
  });

  // The pairs that a joined or stringified form takes for equal.
  test.each([
    [{ host_list: ['h1'] }, { host_list: ['h', '1'] }],
    [{ a: 1 }, { a: '1' }],
    [{ a: '1&b=2' }, { a: '1', b: '2' }],
    [{ a: [] }, { a: {} }],
    [{ a: null }, {}],
    [
      [1, [2]],
      [[1], 2],
    ],
  ])('tells %j from %j', (one, other) => {
    expect(hashOf(canonicalJson(one))).not.toBe(hashOf(canonicalJson(other)));
  });

  test.each([
    ['undefined', { a: undefined }],
    ['NaN', [Number.NaN]],
    ['Infinity', Infinity],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['the key __proto__', JSON.parse('{"__proto__":{"polluted":true}}') as unknown],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ reason: 'document_not_json' }));
  });

  test('refuses nesting that could exhaust the stack', () => {
    const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown;
    expect(() => canonicalJson(deep)).toThrow(expect.objectContaining({ reason: 'document_not_json' }));
  });
});
