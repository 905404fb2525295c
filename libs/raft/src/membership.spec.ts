import fc from 'fast-check';
import { Fault } from '@ringwatch/kernel';
import { expect, test } from 'vitest';
import type { ConfChangeSingle, ConfChangeType } from './conf-change.ts';
import {
  changeMembership,
  changeSimply,
  confStateOf,
  enterJoint,
  isJoint,
  leaveJoint,
  memberIds,
  type MembershipChange,
} from './membership.ts';
import { EMPTY_CONF_STATE, NO_DATA, type ConfState, type NodeId } from './message.ts';

const TYPES: readonly ConfChangeType[] = [
  'ConfChangeAddNode',
  'ConfChangeAddLearnerNode',
  'ConfChangeRemoveNode',
  'ConfChangeUpdateNode',
];
const changesArb = fc.array(
  fc.record({ type: fc.constantFrom(...TYPES), nodeId: fc.integer({ min: 0, max: 6 }) }),
  { maxLength: 4 },
);
const stepArb = fc.record({ kind: fc.constantFrom('simple', 'joint', 'leave'), changes: changesArb });

/** The change, or undefined when it is refused. */
function attempt(change: () => MembershipChange): MembershipChange | undefined {
  try {
    return change();
  } catch (error) {
    if (error instanceof Fault && error.code === 'failed_precondition') return undefined;
    throw error;
  }
}

function take(
  confState: ConfState,
  { kind, changes }: { kind: string; changes: readonly ConfChangeSingle[] },
): MembershipChange | undefined {
  if (kind === 'leave') return attempt(() => leaveJoint(confState));
  return attempt(() =>
    kind === 'joint' ? enterJoint(confState, changes, true) : changeSimply(confState, changes),
  );
}

test('whatever is changed in whatever order, every configuration keeps its invariants', () => {
  fc.assert(
    fc.property(fc.array(stepArb, { maxLength: 30 }), (steps) => {
      let confState = confStateOf([1, 2, 3]);
      for (const step of steps) {
        const next = take(confState, step);
        if (next === undefined) continue;
        const { voters, votersOutgoing, learners, learnersNext, autoLeave } = next.confState;
        expect(voters.length).toBeGreaterThan(0);
        expect(learners.filter((id) => voters.includes(id) || votersOutgoing.includes(id))).toEqual([]);
        expect(learnersNext.filter((id) => !votersOutgoing.includes(id) || voters.includes(id))).toEqual([]);
        expect(autoLeave && votersOutgoing.length === 0).toBe(false);
        for (const ids of [voters, votersOutgoing, learners, learnersNext]) {
          expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
        }
        // Whoever is new starts with nothing known of it; others only if they were removed in between.
        const removed = step.changes.filter(({ type }) => type === 'ConfChangeRemoveNode');
        const fresh = [...next.fresh].filter((id) => !removed.some(({ nodeId }) => nodeId === id));
        const joined = memberIds(next.confState).filter((id) => !memberIds(confState).includes(id));
        expect(joined.filter((id) => !next.fresh.has(id))).toEqual([]);
        expect(fresh.filter((id) => !joined.includes(id))).toEqual([]);
        confState = next.confState;
      }
    }),
  );
});

test('two configurations that follow each other have no majorities that do not meet', () => {
  const majorities = ({ voters, votersOutgoing }: ConfState): NodeId[][] =>
    subsets(memberIds(confStateOf([...voters, ...votersOutgoing]))).filter((set) =>
      [voters, votersOutgoing].every((half) => {
        return half.length === 0 || half.filter((id) => set.includes(id)).length * 2 > half.length;
      }),
    );
  fc.assert(
    fc.property(fc.array(stepArb, { maxLength: 12 }), (steps) => {
      let confState = confStateOf([1, 2, 3]);
      for (const step of steps) {
        const next = take(confState, step)?.confState;
        if (next === undefined) continue;
        const [before, after] = [majorities(confState), majorities(next)];
        expect(before.every((one) => after.every((other) => one.some((id) => other.includes(id))))).toBe(
          true,
        );
        confState = next;
      }
    }),
    { numRuns: 60 },
  );
});

test('a joint configuration that is left has the same members as a simple change would have given', () => {
  fc.assert(
    fc.property(changesArb, (changes) => {
      const simple = attempt(() => changeSimply(confStateOf([1, 2, 3], [4]), changes));
      if (simple === undefined) return;
      const joint = enterJoint(confStateOf([1, 2, 3], [4]), changes, false);
      expect(leaveJoint(joint.confState).confState).toEqual(simple.confState);
    }),
  );
});

test.each([
  {
    title: 'more than one voter changes',
    change: () => simple('ConfChangeAddNode 4', 'ConfChangeAddNode 5'),
  },
  {
    title: 'no voter is left',
    change: () => changeSimply(confStateOf([1]), [single('ConfChangeRemoveNode 1')]),
  },
  { title: 'a joint one is changed', change: () => changeSimply(joint, [single('ConfChangeAddNode 9')]) },
  { title: 'a joint one is joined again', change: () => enterJoint(joint, [], true) },
  { title: 'one without voters is joined', change: () => enterJoint(EMPTY_CONF_STATE, [], true) },
  { title: 'one that is not joint is left', change: () => leaveJoint(confStateOf([1])) },
])('refused: $title', ({ change }) => {
  expect(change).toThrow(/\[failed_precondition\]/);
});

const joint: ConfState = enterJoint(confStateOf([1, 2]), [single('ConfChangeAddNode 3')], false).confState;

test('a change says itself which of the three ways it takes', () => {
  const base = { kind: 'v2', context: NO_DATA } as const;
  const [add, remove] = [single('ConfChangeAddNode 3'), single('ConfChangeRemoveNode 1')];
  const after = (change: Parameters<typeof changeMembership>[1], before = confStateOf([1, 2])): ConfState =>
    changeMembership(before, change).confState;
  expect(isJoint(after({ ...base, transition: 'auto', changes: [add] }))).toBe(false);
  expect(after({ ...base, transition: 'auto', changes: [add, remove] })).toMatchObject({ autoLeave: true });
  expect(after({ ...base, transition: 'implicit', changes: [add] })).toMatchObject({ autoLeave: true });
  expect(after({ ...base, transition: 'explicit', changes: [add] })).toEqual(joint);
  expect(after({ ...base, transition: 'auto', changes: [] }, joint)).toEqual(confStateOf([1, 2, 3]));
  expect(after({ kind: 'v1', ...add, context: NO_DATA })).toEqual(confStateOf([1, 2, 3]));
});

function single(words: string): ConfChangeSingle {
  const [type, nodeId] = words.split(' ') as [ConfChangeType, string];
  return { type, nodeId: Number(nodeId) };
}

function simple(...words: readonly string[]): MembershipChange {
  return changeSimply(confStateOf([1, 2, 3]), words.map(single));
}

function subsets(ids: readonly NodeId[]): NodeId[][] {
  return Array.from({ length: 2 ** ids.length }, (_, bits) => ids.filter((_id, i) => (bits >> i) % 2 === 1));
}
