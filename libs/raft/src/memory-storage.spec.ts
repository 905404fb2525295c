import { expect, test } from 'vitest';
import { encodedBytes } from './entry-size.ts';
import { confStateOf } from './membership.ts';
import { MemoryStorage } from './memory-storage.ts';
import { NO_DATA, type Entry, type Snapshot } from './message.ts';

const entry = (term: number, index: number): Entry => ({ term, index, type: 'EntryNormal', data: NO_DATA });
const snapshotAt = (index: number): Snapshot => {
  return { index, term: 2, confState: confStateOf([1, 2]), data: NO_DATA };
};

/** The start of a group at index 1, and entries 2 to 5. */
function filled(): MemoryStorage {
  const storage = MemoryStorage.of(confStateOf([1]));
  storage.append([2, 3, 4, 5].map((index) => entry(1, index)));
  return storage;
}
const kept = (storage: MemoryStorage): string[] =>
  [1, 2, 3, 4, 5, 6, 7].flatMap((index) => {
    const term = storage.term(index);
    return term === undefined ? [] : [`${term}/${index}`];
  });

test('a group begins with its members in a snapshot, so that its log never stands for them alone', () => {
  const storage = MemoryStorage.of(confStateOf([1, 2]));
  expect(storage.snapshot()).toMatchObject({ index: 1, term: 1, confState: confStateOf([1, 2]) });
  expect([storage.firstIndex(), storage.lastIndex()]).toEqual([2, 1]);
});

test('one that was never written to is empty', () => {
  const storage = new MemoryStorage();
  expect([storage.firstIndex(), storage.lastIndex(), storage.term(0)]).toEqual([1, 0, 0]);
  expect(storage.initialState()).toMatchObject({ hardState: { term: 0, vote: 0, commit: 0 } });
});

test.each([
  { title: 'after the end', written: [entry(2, 6)], after: ['1/1', '1/2', '1/3', '1/4', '1/5', '2/6'] },
  { title: 'in the middle', written: [entry(2, 3)], after: ['1/1', '1/2', '2/3'] },
  { title: 'partly before what is kept', written: [entry(1, 1), entry(2, 2)], after: ['1/1', '2/2'] },
  { title: 'before what is kept', written: [entry(1, 1)], after: ['1/1', '1/2', '1/3', '1/4', '1/5'] },
  { title: 'of nothing', written: [], after: ['1/1', '1/2', '1/3', '1/4', '1/5'] },
])('an append $title', ({ written, after }) => {
  const storage = filled();
  storage.append(written);
  expect(kept(storage)).toEqual(after);
});

test('an append leaves no gap: that would be our bug', () => {
  expect(() => filled().append([entry(1, 7)])).toThrow(/gap/);
});

test('entries come within their bytes, at least one, and not from where the log was compacted', () => {
  const storage = filled();
  const size = encodedBytes([entry(1, 2)]);
  expect(storage.entries(2, 6, 2 * size)?.map(({ index }) => index)).toEqual([2, 3]);
  expect(storage.entries(3, 6, 0)?.map(({ index }) => index)).toEqual([3]);
  storage.compact(3);
  expect(storage.entries(3, 6, Infinity)).toBeUndefined();
  expect(kept(storage)).toEqual(['1/3', '1/4', '1/5']);
});

test('compacting what is compacted, or not there yet, changes nothing', () => {
  const storage = filled();
  storage.compact(4);
  for (const index of [1, 4, 9]) storage.compact(index);
  expect([storage.firstIndex(), storage.lastIndex()]).toEqual([5, 5]);
});

test('a snapshot of another node takes the place of the log, an own one does not', () => {
  const storage = filled();
  storage.saveSnapshot(snapshotAt(3));
  expect([storage.snapshot().index, storage.firstIndex(), storage.lastIndex()]).toEqual([3, 2, 5]);
  expect(storage.applySnapshot(snapshotAt(9))).toBe(true);
  expect([storage.firstIndex(), storage.lastIndex(), storage.term(9)]).toEqual([10, 9, 2]);
  expect(storage.initialState().confState).toEqual(confStateOf([1, 2]));
});

test('an older snapshot never replaces a newer one', () => {
  const storage = filled();
  storage.applySnapshot(snapshotAt(9));
  expect(storage.applySnapshot(snapshotAt(8))).toBe(false);
  storage.saveSnapshot(snapshotAt(7));
  expect(storage.snapshot().index).toBe(9);
});
