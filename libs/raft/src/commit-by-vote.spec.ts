/** Refused votes that tell what is committed: see the option `commitByVote`. */
import { expect, test } from 'vitest';
import { Cluster } from '../cluster/cluster.ts';
import { NO_DATA, type NodeId } from './message.ts';

/** 1 has left and knows it; 3 and 4 have its change and do not know that it is committed. 2 is gone. */
function afterLeaving(commitByVote: boolean): Cluster {
  const options = { start: 4, preVote: true, checkQuorum: true, stepDownOnRemoval: true, commitByVote };
  const cluster = new Cluster(options).elect(1).crash(2);
  cluster.change(1, { kind: 'v1', type: 'ConfChangeRemoveNode', nodeId: 1, context: NO_DATA });
  cluster.work(1);
  while (cluster.network.length > 0) cluster.deliver();
  // Its log is longer than theirs, so it grants them nothing.
  cluster.propose(1, 'a');
  return cluster.cut(1, 3).cut(1, 4).settle().heal();
}

const voters = (cluster: Cluster, id: NodeId): readonly NodeId[] =>
  cluster.node(id).status().confState.voters;

test('those who are left find out that one has left, though they need its vote until they know', () => {
  const cluster = afterLeaving(true);
  expect(voters(cluster, 1)).toEqual([2, 3, 4]);
  expect(voters(cluster, 3)).toEqual([1, 2, 3, 4]);
  expect(cluster.pass(60).leader).toBeGreaterThan(2);
  expect(voters(cluster, 3)).toEqual([2, 3, 4]);
});

test('without it they never come to a leader', () => {
  expect(afterLeaving(false).pass(200).leader).toBeUndefined();
});

test('an entry that is not the one that is committed stays uncommitted', () => {
  const cluster = new Cluster({ start: 3, logs: [[1, 1], [2], [2]], commitByVote: true }).cut(2, 1).elect(2);
  expect(cluster.node(2).committed).toBe(3);
  cluster.heal().crash(3);
  cluster.node(1).campaign();
  cluster.settle();
  expect(cluster.node(1).committed).toBe(1);
});

test('a candidate that finds out that it has left does not lead, though a majority votes for it', () => {
  const cluster = new Cluster({ start: 4, commitByVote: true }).elect(1);
  cluster.change(1, { kind: 'v1', type: 'ConfChangeRemoveNode', nodeId: 4, context: NO_DATA });
  cluster.work(1).deliverAll();
  for (const id of [2, 3, 4]) cluster.work(id);
  cluster.deliverAll();
  cluster.propose(1, 'a');
  for (const id of [2, 3, 4]) cluster.cut(1, id);
  cluster.settle().heal().node(4).campaign();
  cluster.work(4).deliverAll().work(1).deliverAll().work(4);
  expect(voters(cluster, 4)).toEqual([1, 2, 3]);
  expect(cluster.settle().node(4).softState.role).toBe('StateFollower');
});
