import { randomBelow } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { describe, expect, test } from 'vitest';
import { NO_SEGMENT, RunList, type Run } from './run-list.ts';

const run = (first: number, last: number, segment: number): Run => ({
  first,
  last,
  term: segment,
  segment,
  at: first * 10,
  sizeBytes: 100,
});

const none = (): void => undefined;

/** Index and segment of every entry that the list holds. */
function placesOf(runs: RunList): Map<number, number> {
  const places = new Map<number, number>();
  for (let i = 0; i < runs.length; i++) {
    const { first, last, segment } = runs.run(i);
    for (let index = first; index <= last; index++) places.set(index, segment);
  }
  return places;
}

describe('run list', () => {
  test('finds the run of an index and its term', () => {
    const runs = new RunList();
    runs.push(run(5, 9, 1));
    runs.push(run(10, 10, 2));
    expect([5, 9, 10].map((index) => runs.find(index))).toEqual([0, 0, 1]);
    expect(runs.term(9)).toBe(1);
  });

  test('reports a run that is gone, and keeps one that lost only a part', () => {
    const runs = new RunList();
    for (const [first, last, segment] of [
      [1, 4, 1],
      [5, 8, 2],
      [9, 12, 3],
    ] as const)
      runs.push(run(first, last, segment));
    const dead: number[] = [];
    runs.truncate(6, (segment) => dead.push(segment));
    runs.compact(2, (segment) => dead.push(segment));
    expect(dead).toEqual([3]);
    expect([runs.first, runs.last, runs.length]).toEqual([1, 6, 2]);
    runs.compact(5, (segment) => dead.push(segment));
    expect(dead).toEqual([3, 1]);
  });

  test('fills a gap at the front, in the middle and behind', () => {
    const runs = new RunList();
    runs.push(run(11, 12, 1));
    runs.place(run(3, 4, 2), none);
    runs.push(run(15, 15, 3));
    expect(runs.findGap(1)).toMatchObject({ first: 1, last: 2 });
    expect(runs.findGap(3)).toMatchObject({ first: 5, last: 10 });
    runs.place(run(5, 10, 4), none);
    runs.place(run(13, 14, 5), none);
    expect(runs.findGap(3)).toBeUndefined();
    expect([...placesOf(runs).values()]).toEqual([2, 2, 4, 4, 4, 4, 4, 4, 1, 1, 5, 5, 3]);
  });

  test.each([1, 2, 3, 4, 5])('holds what a plain map would after random changes, seed %i', (seed) => {
    const random = new SeededRandom(seed);
    const runs = new RunList();
    const expected = new Map<number, number>();
    for (let step = 1; step <= 2_000; step++) {
      const last = runs.length === 0 ? 100 : runs.last;
      const from = runs.length === 0 ? 100 : runs.first;
      const index = from + randomBelow(random, last - from + 3);
      const dice = randomBelow(random, 10);
      if (dice === 0) {
        runs.truncate(index, none);
        for (const held of expected.keys()) if (held > index) expected.delete(held);
      } else if (dice === 1) {
        runs.compact(index, none);
        const kept = runs.length === 0 ? Infinity : runs.first;
        for (const held of expected.keys()) if (held < kept) expected.delete(held);
      } else {
        const placed = run(index, index + randomBelow(random, 5), step);
        if (runs.length > 0) for (let gap = runs.last + 1; gap < index; gap++) expected.set(gap, NO_SEGMENT);
        for (let held = index; held <= placed.last; held++) expected.set(held, step);
        runs.place(placed, none);
      }
      const sorted = new Map([...expected].toSorted(([a], [b]) => a - b));
      expect(placesOf(runs)).toEqual(sorted);
    }
  });
});
