import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Progress } from './progress.ts';

const LIMITS = { messagesMax: 3, bytesMax: Infinity };

function replicating(match: number, next: number): Progress {
  const progress = new Progress(1, false, LIMITS);
  progress.acknowledged(match);
  progress.becomeReplicate();
  progress.next = next;
  return progress;
}

test('a probe goes out one at a time', () => {
  const progress = new Progress(5, false, LIMITS);
  progress.sentEntries(2, 0);
  expect([progress.isPaused, progress.next]).toEqual([true, 5]);
  progress.acknowledged(6);
  expect([progress.isPaused, progress.next]).toEqual([false, 7]);
});

test('a stream goes on without answers until its window is full', () => {
  const progress = replicating(4, 5);
  for (const next of [7, 9, 11]) {
    expect(progress.isPaused).toBe(false);
    progress.sentEntries(2, 0);
    expect(progress.next).toBe(next);
  }
  expect(progress.isPaused).toBe(true);
  progress.acknowledged(6);
  progress.inflights.freeTo(6);
  expect(progress.isPaused).toBe(false);
});

test('nothing is sent while a snapshot is on its way; after it the log goes on from there', () => {
  const progress = new Progress(5, false, LIMITS);
  progress.becomeSnapshot(20);
  expect([progress.isPaused, progress.next]).toEqual([true, 21]);
  progress.becomeProbe();
  expect([progress.isPaused, progress.next, progress.pendingSnapshot]).toEqual([false, 21, 0]);
});

test('a snapshot that failed is forgotten: the log goes on from what is known', () => {
  const progress = new Progress(5, false, LIMITS);
  progress.acknowledged(3);
  progress.becomeSnapshot(20);
  progress.pendingSnapshot = 0;
  progress.becomeProbe();
  expect(progress.next).toBe(4);
});

test.each([
  {
    title: 'of what is acknowledged already',
    match: 5,
    next: 9,
    rejected: 5,
    hint: 2,
    taken: false,
    after: 9,
  },
  { title: 'of what is on its way', match: 5, next: 9, rejected: 8, hint: 2, taken: true, after: 6 },
])('while streaming, a refusal $title is taken: $taken', ({ match, next, rejected, hint, taken, after }) => {
  const progress = replicating(match, next);
  expect(progress.rejected(rejected, hint)).toBe(taken);
  expect(progress.next).toBe(after);
});

test.each([
  { title: 'of another message', next: 9, rejected: 7, hint: 3, taken: false, after: 9 },
  { title: 'of the last one, with a hint', next: 9, rejected: 8, hint: 3, taken: true, after: 4 },
  {
    title: 'of the last one, without a hint below it',
    next: 9,
    rejected: 8,
    hint: 20,
    taken: true,
    after: 8,
  },
  { title: 'of the very first one', next: 1, rejected: 0, hint: 0, taken: true, after: 1 },
])('while probing, a refusal $title is taken: $taken', ({ next, rejected, hint, taken, after }) => {
  const progress = new Progress(next, false, LIMITS);
  expect(progress.rejected(rejected, hint)).toBe(taken);
  expect(progress.next).toBe(after);
});

test('match never goes back and stays below next, whatever comes in whatever order', () => {
  const eventArb = fc.tuple(
    fc.constantFrom('ack', 'reject', 'send', 'probe', 'replicate', 'snapshot'),
    fc.nat({ max: 20 }),
    fc.nat({ max: 20 }),
  );
  fc.assert(
    fc.property(fc.array(eventArb, { maxLength: 60 }), (events) => {
      const progress = new Progress(1, false, LIMITS);
      for (const [event, a, b] of events) {
        const { match } = progress;
        // An acknowledgement of what was never sent does not happen.
        if (event === 'ack') progress.acknowledged(Math.min(a, progress.next - 1));
        if (event === 'reject') progress.rejected(a, b);
        if (event === 'send' && !progress.isPaused) progress.sentEntries(a % 4, b);
        if (event === 'probe') progress.becomeProbe();
        if (event === 'replicate') progress.becomeReplicate();
        if (event === 'snapshot') progress.becomeSnapshot(match + a);
        expect(progress.match).toBeGreaterThanOrEqual(match);
        expect(progress.next).toBeGreaterThan(progress.match);
      }
    }),
  );
});

test('a commit index is told when that can move the follower, and not twice', () => {
  const progress = replicating(5, 8);
  expect(progress.canBumpCommit(6)).toBe(true);
  progress.sentCommit(6);
  expect(progress.canBumpCommit(6)).toBe(false);
  progress.sentCommit(7);
  expect(progress.canBumpCommit(9)).toBe(false);
  progress.rejected(7, 5);
  expect(progress.canBumpCommit(7)).toBe(false);
  progress.sentEntries(3, 0);
  expect(progress.canBumpCommit(7)).toBe(true);
});
