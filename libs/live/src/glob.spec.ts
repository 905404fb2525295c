import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileGlob } from './index.ts';

test.each([
  ['web-1', 'web-1', true],
  ['web-1', 'web-12', false],
  ['web-*', 'web-12', true],
  ['web-*', 'db-1', false],
  ['*', '', true],
  ['*-1', 'web-1', true],
  ['a*a', 'a', false],
  ['a*b*c', 'aXbYbZc', true],
  ['a*b*c', 'aXcYc', false],
  ['a.c', 'abc', false],
  ['*{device="sda"*', 'disk_read_bytes_total{device="sda",kind="x"}', true],
])('glob %s over %s is %s', (pattern, text, matches) => {
  expect(compileGlob(pattern)(text)).toBe(matches);
});

test('equals the regular expression that means the same, for any pattern and text', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 12 });
  const texts = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 20 });
  fc.assert(
    fc.property(letters, texts, (pattern, text) => {
      const reference = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      expect(compileGlob(pattern)(text)).toBe(reference.test(text));
    }),
  );
});

test('a pattern that makes backtracking matchers explode needs one pass over the text', () => {
  const matches = compileGlob(`${'*a'.repeat(200)}*b*`);
  const pairs = compileGlob(`*${'ab'.repeat(100)}c*`);
  expect(matches('a'.repeat(100_000))).toBe(false);
  expect(pairs('ab'.repeat(50_000))).toBe(false);
});
