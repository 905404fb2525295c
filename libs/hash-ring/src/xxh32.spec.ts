import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import xxhash from 'xxhash-wasm';
import { partitionOf, partitionToken, PARTITIONS_MAX } from './partition.ts';
import { xxh32, xxh32Bytes } from './xxh32.ts';

const golden = JSON.parse(readFileSync(new URL('../testdata/xxh32.json', import.meta.url), 'utf8')) as [
  string,
  number,
][];
const { h32, h32Raw } = await xxhash();

test.each(golden)('the stored hash of %j is %i', (text, hash) => {
  expect(xxh32(text)).toBe(hash);
});

test('any string hashes as xxhash-wasm hashes its UTF-8', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 80 });
  const property = fc.property(text, (value) => xxh32(value) === h32(value, 0));
  expect(fc.check(property, { numRuns: 2_000 })).toMatchObject({ failed: false });
});

test('any bytes hash as in xxhash-wasm, whatever their offset in the buffer', () => {
  const bytes = fc.uint8Array({ maxLength: 100 });
  const skipped = fc.integer({ min: 0, max: 7 });
  const property = fc.property(bytes, skipped, (value, skip) => {
    return xxh32Bytes(value.subarray(skip)) === h32Raw(value.slice(skip), 0);
  });
  expect(fc.check(property, { numRuns: 2_000 })).toMatchObject({ failed: false });
});

test('a host keeps its partition, and every partition gets hosts', () => {
  const counts = new Uint32Array(64);
  for (let i = 0; i < 64_000; i++) {
    const partition = partitionOf(`host-${i}`, 64);
    counts[partition] = (counts[partition] as number) + 1;
  }
  // Binomial with mean 1,000 and deviation 31: 5 deviations either way.
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(160);
  expect(partitionOf('web-1', 64)).toBe(xxh32('web-1') % 64);
});

test('partitions sit evenly on the ring, also where 2³² does not divide', () => {
  for (const count of [1, 3, 16, 64, PARTITIONS_MAX]) {
    const tokens = Array.from({ length: count }, (_, partition) => partitionToken(partition, count));
    expect(tokens[0]).toBe(0);
    for (let i = 1; i < count; i++) {
      const gap = (tokens[i] as number) - (tokens[i - 1] as number);
      expect(Math.abs(gap - 2 ** 32 / count)).toBeLessThan(1);
    }
  }
});

test.each([0, -1, 1.5, PARTITIONS_MAX + 1])('a partition count of %d is our bug', (count) => {
  expect(() => partitionOf('web-1', count)).toThrow('partition count out of range');
});
