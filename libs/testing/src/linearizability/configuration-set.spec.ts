import { SeededRandom } from '@ringwatch/kernel/fake';
import { randomBelow } from '@ringwatch/kernel';
import { expect, test } from 'vitest';
import { ConfigurationSet, type Configuration } from './configuration-set.ts';

const SEED = 20_261_121;

function configuration(fields: { state?: number; known?: number[]; unknown?: number; hash?: number }) {
  const { state = 0, known = [0], unknown = 0, hash = 0 } = fields;
  const words = Int32Array.from(known);
  return { state, hash, from: 0, to: words.length, known: words, unknown: Int32Array.of(unknown) };
}

test('what is equal is not new, whatever equal hashes say about what differs', () => {
  const seen = new ConfigurationSet();
  expect(seen.add(configuration({}))).toBe(true);
  expect(seen.add(configuration({}))).toBe(false);
  expect(seen.add(configuration({ known: [1] }))).toBe(true);
  expect(seen.add(configuration({ known: [0, 1] }))).toBe(true);
  expect(seen.add(configuration({ state: 1 }))).toBe(true);
  expect(seen.add({ ...configuration({ known: [0, 0] }), from: 1 })).toBe(true);
  expect(seen.size).toBe(5);
});

test('a configuration that used fewer optional operations covers those that used more', () => {
  const seen = new ConfigurationSet();
  expect(seen.add(configuration({ unknown: 0b0110 }))).toBe(true);
  expect(seen.add(configuration({ unknown: 0b1110 }))).toBe(false);
  expect(seen.add(configuration({ unknown: 0b1010 }))).toBe(true);
  expect(seen.add(configuration({ unknown: 0b0010 }))).toBe(true);
  expect(seen.add(configuration({ unknown: 0b1010 }))).toBe(false);
});

test(`any number of configurations are told apart, seed ${SEED}`, () => {
  const random = new SeededRandom(SEED);
  const seen = new ConfigurationSet();
  const reference = new Set<string>();
  const wrong: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    const known = Array.from({ length: 1 + randomBelow(random, 2) }, () => randomBelow(random, 64));
    // Sums collide often.
    const hash = known.reduce((sum, word) => sum + word, 0);
    const next: Configuration = configuration({ state: randomBelow(random, 4), known, hash });
    const name = `${next.state} ${known.join()}`;
    if (seen.add(next) === reference.has(name)) wrong.push(name);
    reference.add(name);
  }
  expect(wrong).toEqual([]);
  expect(seen.size).toBe(reference.size);
});

test('it is full at its limit of words', () => {
  const seen = new ConfigurationSet(20);
  for (let state = 0; state < 3; state++) {
    expect(seen.isFull).toBe(false);
    seen.add(configuration({ state }));
  }
  expect(seen.isFull).toBe(true);
});
