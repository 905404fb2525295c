import { newMessage } from '@ringwatch/raft';
import type { GroupLog } from '@ringwatch/raft-node';
import { expect, test } from 'vitest';
import { RaftInvariants } from './raft-invariants.ts';

const NODE = 1;

/** A log of entries of term 1 up to `last`, of which nothing is read but terms. */
function logUpTo(last: number): GroupLog {
  const term = (index: number): number | undefined => (index <= last ? 1 : undefined);
  const hardState = { term: 1, vote: 2, commit: 1 };
  const ignore = (): void => undefined;
  return { firstIndex: 2, lastIndex: last, term, hardState, append: ignore, applySnapshot: ignore } as never;
}

function acknowledging(...indices: readonly number[]): RaftInvariants {
  const invariants = new RaftInvariants();
  invariants.watch(NODE, logUpTo(10));
  for (const index of indices) {
    const answer = newMessage('MsgAppResp', NODE, 2, 1);
    answer.index = index;
    invariants.sent(answer);
  }
  return invariants;
}

test.each([[[10]], [[10, 5]], [[5, 10, 1]]])(
  'what was acknowledged by %j must be there after a crash',
  (indices) => {
    expect(() => acknowledging(...indices).watch(NODE, logUpTo(10))).not.toThrow();
    expect(() => acknowledging(...indices).watch(NODE, logUpTo(6))).toThrow('has lost entry 10');
  },
);

test('what was not acknowledged may be gone', () => {
  expect(() => acknowledging(5).watch(NODE, logUpTo(6))).not.toThrow();
});

test('what is not durable must not be acknowledged', () => {
  expect(() => acknowledging(11)).toThrow('acknowledged entry 11 before it was durable');
});
