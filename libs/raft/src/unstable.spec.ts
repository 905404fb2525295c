import { expect, test } from 'vitest';
import { confStateOf } from './membership.ts';
import { NO_DATA, type Entry, type Snapshot } from './message.ts';
import { Unstable } from './unstable.ts';

const entry = (term: number, index: number): Entry => ({ term, index, type: 'EntryNormal', data: NO_DATA });
const snapshotAt = (index: number): Snapshot => {
  return { index, term: 2, confState: confStateOf([1]), data: NO_DATA };
};

/** Entries 5 to 7 of term 1, the first two of which are being written. */
function written(): Unstable {
  const unstable = new Unstable(5);
  unstable.truncateAndAppend([entry(1, 5), entry(1, 6)]);
  unstable.acceptInProgress();
  unstable.truncateAndAppend([entry(1, 7)]);
  return unstable;
}
const state = ({ offset, end, inProgress }: Unstable): number[] => [offset, end, inProgress];

test('what is being written is not handed out again', () => {
  expect(written().nextEntries()).toEqual([entry(1, 7)]);
});

test.each([
  { title: 'of all that is being written', index: 6, term: 1, after: [7, 8, 7] },
  { title: 'of a part of it', index: 5, term: 1, after: [6, 8, 7] },
  { title: 'of more than was handed out', index: 7, term: 1, after: [8, 8, 8] },
  { title: 'of an entry that was replaced', index: 6, term: 2, after: [5, 8, 7] },
  { title: 'that comes late', index: 4, term: 1, after: [5, 8, 7] },
])('news $title leaves offset, end and progress at $after', ({ index, term, after }) => {
  const unstable = written();
  unstable.stableTo(index, term);
  expect(state(unstable)).toEqual(after);
});

test.each([
  { from: 8, after: [5, 9, 7], title: 'after the end adds to it' },
  { from: 7, after: [5, 8, 7], title: 'into what waits replaces that' },
  { from: 6, after: [5, 7, 6], title: 'into what is being written has it written anew from there' },
  { from: 5, after: [5, 6, 5], title: 'in place of everything begins anew' },
  { from: 3, after: [3, 4, 3], title: 'in place of what storage has replaces that too' },
])('an append at $from $title', ({ from, after }) => {
  const unstable = written();
  unstable.truncateAndAppend([entry(2, from)]);
  expect(state(unstable)).toEqual(after);
  expect(unstable.term(from)).toBe(2);
  expect(unstable.term(from + 1)).toBeUndefined();
});

test('entries that were handed out stay as they were when others take their place', () => {
  const unstable = written();
  const handed = unstable.slice(5, 8);
  unstable.truncateAndAppend([entry(2, 6)]);
  expect(handed).toEqual([entry(1, 5), entry(1, 6), entry(1, 7)]);
});

test('an append leaves no gap: that would be our bug', () => {
  expect(() => written().truncateAndAppend([entry(1, 9)])).toThrow(/gap/);
});

test('a snapshot takes the place of everything, and entries follow it', () => {
  const unstable = written();
  unstable.restore(snapshotAt(9));
  expect(state(unstable)).toEqual([10, 10, 10]);
  expect([unstable.term(9), unstable.term(6)]).toEqual([2, undefined]);
  unstable.truncateAndAppend([entry(3, 10)]);
  expect(unstable.nextSnapshot()?.index).toBe(9);
  unstable.acceptInProgress();
  expect([unstable.nextSnapshot(), unstable.nextEntries()]).toEqual([undefined, []]);
});

test('a snapshot stays until that very one is written', () => {
  const unstable = new Unstable(5);
  unstable.restore(snapshotAt(9));
  unstable.acceptInProgress();
  unstable.restore(snapshotAt(20));
  unstable.stableSnapshotTo(9);
  expect(unstable.nextSnapshot()?.index).toBe(20);
  unstable.stableSnapshotTo(20);
  expect(unstable.snapshot).toBeUndefined();
});
