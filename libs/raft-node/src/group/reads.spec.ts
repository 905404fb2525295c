import { Fault } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { expect, test } from 'vitest';
import { Reads, type Reader } from './reads.ts';

function reader(outcomes: (number | string)[]): Reader {
  return { resolve: (index) => outcomes.push(index), reject: ({ code }) => outcomes.push(code) };
}

test('reads of a turn share a request and are let go when enough is applied', () => {
  const outcomes: (number | string)[] = [];
  const reads = new Reads(new SeededRandom(1));
  reads.add(reader(outcomes));
  reads.add(reader(outcomes));
  const context = reads.begin(10);
  reads.release(100);
  expect(outcomes).toEqual([]);
  reads.confirmed({ index: 7, context });
  reads.release(6);
  expect(outcomes).toEqual([]);
  reads.release(7);
  expect(outcomes).toEqual([7, 7]);
});

test('an answer to a read of an earlier life of the process confirms nothing', () => {
  const outcomes: (number | string)[] = [];
  const before = new Reads(new SeededRandom(1));
  const late = before.begin(10);
  const reads = new Reads(new SeededRandom(2));
  reads.add(reader(outcomes));
  reads.begin(10);
  reads.confirmed({ index: 3, context: late });
  reads.release(100);
  expect(outcomes).toEqual([]);
});

test('a read is refused when nobody confirms it in time, and when the core does not take it', () => {
  const outcomes: (number | string)[] = [];
  const reads = new Reads(new SeededRandom(1));
  const fault = new Fault('unavailable', 'no leader');
  reads.add(reader(outcomes));
  reads.begin(10);
  reads.expire(9, () => fault);
  expect(outcomes).toEqual([]);
  reads.expire(10, () => fault);
  reads.add(reader(outcomes));
  reads.refused(reads.begin(20), fault);
  expect(outcomes).toEqual(['unavailable', 'unavailable']);
  expect(reads.count).toBe(0);
});
