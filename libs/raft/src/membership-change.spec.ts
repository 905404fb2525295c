/** Membership changes over whole groups (Raft §6, thesis §4); their algebra is in membership.spec.ts. */
import { describe, expect, test } from 'vitest';
import { Cluster, type ClusterOptions } from '../cluster/cluster.ts';
import {
  encodeConfChange,
  LEAVE_JOINT,
  type ConfChangeType,
  type ConfChangeV2,
  type Transition,
} from './conf-change.ts';
import { confStateOf } from './membership.ts';
import { newMessage, NO_DATA, type NodeId } from './message.ts';

const KINDS = {
  add: 'ConfChangeAddNode',
  learn: 'ConfChangeAddLearnerNode',
  remove: 'ConfChangeRemoveNode',
} as const;

/** `change('add 4', 'remove 1')`, through a joint configuration unless it is a single one. */
function change(...words: readonly string[]): ConfChangeV2 {
  return through('auto', ...words);
}

function through(transition: Transition, ...words: readonly string[]): ConfChangeV2 {
  const changes = words.map((word) => {
    const [kind, id] = word.split(' ') as [keyof typeof KINDS, string];
    return { type: KINDS[kind] satisfies ConfChangeType, nodeId: Number(id) };
  });
  return { kind: 'v2', transition, changes, context: NO_DATA };
}

const JOINT = {
  voters: [1, 2, 3],
  votersOutgoing: [3, 4, 5],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

const led = (options: ClusterOptions = {}): Cluster => new Cluster({ outsiders: 2, ...options }).elect(1);
const voters = (cluster: Cluster, id: NodeId = 1): readonly NodeId[] =>
  cluster.node(id).status().confState.voters;

describe('a newcomer', () => {
  test('gets the log before it counts, as a learner', () => {
    const cluster = led();
    cluster.change(1, change('learn 4'));
    cluster.settle().pass(2);
    expect(cluster.member(4).log).toEqual(cluster.member(1).log);
    cluster.crash(2, 3);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.member(4).log.at(-1)).toBe('1/4 a');
    expect(cluster.member(1).state).toEqual([]);
  });

  test('comes in by a snapshot older than its own joining, and learns of that from the log', () => {
    const cluster = led();
    cluster.change(1, change('add 4'));
    cluster.settle().pass(2);
    expect(cluster.member(1).storage.snapshot().index).toBe(1);
    expect(voters(cluster, 4)).toEqual([1, 2, 3, 4]);
    expect(cluster.crash(1).pass(60).leader).toBeDefined();
  });

  test('that may lead does so only after the whole log has come to it', () => {
    const cluster = led();
    cluster.propose(1, 'a');
    cluster.change(1, change('add 4'));
    cluster.settle().pass(2);
    expect(cluster.elect(4).leader).toBe(4);
    expect(cluster.member(4).state).toEqual(['a']);
  });
});

describe('a joint configuration', () => {
  test.each([
    { down: [4, 5], commits: false },
    { down: [1, 2], commits: false },
    { down: [2, 5], commits: true },
  ])('decides with both majorities: with $down down it commits and elects: $commits', ({ down, commits }) => {
    const cluster = new Cluster({ start: JOINT }).elect(3).crash(...down);
    cluster.propose(3, 'a');
    cluster.settle();
    expect(cluster.member(3).state).toEqual(commits ? ['a'] : []);
    const another = new Cluster({ start: JOINT }).crash(...down).elect(3);
    expect(another.node(3).isLeader).toBe(commits);
  });

  test('ends by itself, and one that was proposed as explicit by an empty change', () => {
    const cluster = led();
    cluster.change(1, change('add 4', 'remove 3'));
    cluster.settle();
    expect(cluster.node(1).status().confState).toEqual(confStateOf([1, 2, 4]));
    cluster.change(1, through('explicit', 'add 5'));
    cluster.settle();
    expect(cluster.node(1).status().confState.votersOutgoing).toEqual([1, 2, 4]);
    cluster.change(1, LEAVE_JOINT);
    cluster.settle();
    expect(cluster.node(1).status().confState).toEqual(confStateOf([1, 2, 4, 5]));
  });

  test('ends also when its leader is gone before it could end it', () => {
    const cluster = new Cluster({ start: { ...JOINT, autoLeave: true } }).elect(2);
    expect(cluster.node(2).status().confState).toEqual(confStateOf([1, 2, 3]));
  });

  test('ends when a transfer of leadership that had kept it from ending has failed', () => {
    const cluster = led().cut(1, 2);
    cluster.change(1, change('add 4', 'remove 3'));
    cluster.step(1, (node) => node.transferLeadership(2));
    expect(cluster.settle().node(1).status().confState.autoLeave).toBe(true);
    cluster.tick(10, 1).settle();
    expect(cluster.node(1).status().confState).toEqual(confStateOf([1, 2, 4]));
  });
});

describe('one change at a time', () => {
  test('a second one comes to nothing until the first one is applied', () => {
    const cluster = led();
    expect(cluster.node(1).refusesChange(change('add 4'))).toBe(false);
    cluster.change(1, change('add 4'));
    expect(cluster.node(1).refusesChange(change('add 5'))).toBe(true);
    cluster.change(1, change('add 5'));
    cluster.settle();
    expect(voters(cluster)).toEqual([1, 2, 3, 4]);
    expect(cluster.member(1).log.slice(-2)).toEqual(['1/3 change', '1/4']);
  });

  test('a new leader makes none before what it has found is applied', () => {
    const cluster = new Cluster({ outsiders: 1, logs: [[1], [1], [1]] });
    cluster.node(1).campaign();
    cluster.settleUntil(() => cluster.node(1).isLeader);
    expect(cluster.node(1).refusesChange(change('add 4'))).toBe(true);
    expect(cluster.settle().node(1).refusesChange(change('add 4'))).toBe(false);
  });

  test('one that was dropped for what waits already is not waited for', () => {
    const cluster = led({ uncommittedBytesMax: 1 }).isolate(1);
    cluster.propose(1, 'a');
    expect(cluster.change(1, change('add 4'))).toBe('dropped');
    cluster.heal().pass(3);
    expect(cluster.node(1).refusesChange(change('add 4'))).toBe(false);
  });
});

test('who has a committed change to apply does not campaign, for it would ask the wrong voters', () => {
  const cluster = led({ asyncStorageWrites: true });
  cluster.change(1, change('add 4'));
  cluster.settleUntil(() => cluster.node(2).committed === 3);
  while (cluster.handle(2) || cluster.append(2));
  cluster.node(2).campaign();
  expect(cluster.node(2).softState.role).toBe('StateFollower');
  cluster.apply(2);
  cluster.node(2).campaign();
  expect(cluster.node(2).softState.role).toBe('StateCandidate');
});

describe('a change that could not be applied', () => {
  test.each([
    { why: 'removes all voters', refused: change('remove 1', 'remove 2', 'remove 3') },
    { why: 'ends a joint configuration that is not there', refused: LEAVE_JOINT },
    { why: 'enters a joint configuration that changes nothing', refused: through('explicit') },
  ])('is not written: one that $why', ({ refused }) => {
    const cluster = led();
    expect(cluster.node(1).refusesChange(refused)).toBe(true);
    cluster.change(1, refused);
    expect(cluster.settle().member(1).log.at(-1)).toBe('1/3');
  });

  test('is not written when nobody could read it', () => {
    const cluster = led();
    const proposal = newMessage('MsgProp', 2, 1);
    const data = encodeConfChange(change('add 4')).data.slice(0, 5);
    proposal.entries = [{ term: 0, index: 0, type: 'EntryConfChangeV2', data }];
    expect(cluster.step(1, (node) => node.step(proposal))).toBe('accepted');
    expect(cluster.settle().member(1).log.at(-1)).toBe('1/3');
  });
});

describe('a removed leader', () => {
  test('leads until the change is committed, and then steps down if it is told to', () => {
    const cluster = led({ stepDownOnRemoval: true, checkQuorum: true, preVote: true });
    cluster.change(1, change('remove 1'));
    cluster.settle();
    expect(cluster.node(1).softState.role).toBe('StateFollower');
    expect(cluster.pass(60).leader).toBeGreaterThan(1);
    expect(voters(cluster, 2)).toEqual([2, 3]);
  });

  test('takes no proposals if it goes on, and leads until somebody else does', () => {
    const cluster = led();
    cluster.change(1, change('remove 1'));
    expect(cluster.settle().propose(1, 'a')).toBe('dropped');
    expect(cluster.node(1).isLeader).toBe(true);
    expect(cluster.elect(2).leader).toBe(2);
  });

  test('hands its followers what is left to commit', () => {
    const cluster = led();
    cluster.change(1, change('remove 1'));
    cluster.propose(1, 'a');
    cluster.settle().pass(1);
    expect(cluster.member(2).state).toEqual(['a']);
  });
});

test('a server that was removed does not disturb who is left, with pre-vote and check-quorum', () => {
  const cluster = led({ preVote: true, checkQuorum: true });
  cluster.cut(1, 3);
  cluster.change(1, change('remove 3'));
  cluster.settle().heal().pass(200);
  expect([cluster.leader, cluster.node(1).term]).toEqual([1, 1]);
});

test('a voter that is told to become a learner does so when the joint configuration ends', () => {
  const cluster = led();
  cluster.change(1, through('explicit', 'learn 3', 'add 4'));
  cluster.settle();
  expect(cluster.node(1).status().confState.learnersNext).toEqual([3]);
  cluster.change(1, LEAVE_JOINT);
  cluster.settle();
  expect(cluster.node(1).status().confState).toEqual(confStateOf([1, 2, 4], [3]));
});
