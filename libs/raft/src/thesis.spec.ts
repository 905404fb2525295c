/**
 * What Ongaro's thesis, "Consensus: Bridging Theory and Practice", adds to the paper. Membership (chapter 4)
 * is in membership-change.spec.ts, reads (§6.4) are in leader-reads.spec.ts.
 */
import { describe, expect, test } from 'vitest';
import { Cluster, type ClusterOptions } from '../cluster/cluster.ts';
import { confStateOf } from './membership.ts';
import { newMessage, type NodeId } from './message.ts';

const led = (options: ClusterOptions = {}): Cluster => new Cluster(options).elect(1);
const transfer = (cluster: Cluster, to: NodeId, from: NodeId = 1): Cluster => {
  cluster.step(from, (node) => node.transferLeadership(to));
  return cluster;
};

describe('§3.8 what must be durable', () => {
  const async = { asyncStorageWrites: true };

  test('a vote leaves only when it is on disk', () => {
    const cluster = new Cluster(async);
    cluster.node(1).campaign();
    cluster.handle(1);
    cluster.deliver();
    cluster.handle(2);
    expect(cluster.network.filter(({ from }) => from === 2)).toEqual([]);
    cluster.append(2);
    expect(cluster.network.filter(({ from }) => from === 2)).toMatchObject([{ type: 'MsgVoteResp', to: 1 }]);
  });

  test('a follower acknowledges entries only when they are on disk', () => {
    const cluster = led(async);
    cluster.propose(1, 'a');
    cluster.handle(1);
    cluster.deliver();
    cluster.handle(2);
    expect(cluster.network.filter(({ from }) => from === 2)).toEqual([]);
    cluster.append(2);
    expect(cluster.network.filter(({ from }) => from === 2)).toMatchObject([
      { type: 'MsgAppResp', index: 3 },
    ]);
  });

  test.each([1, 3])(
    'a leader of %i sends while its own disk writes, and counts itself only after that',
    (start) => {
      const cluster = led({ ...async, start });
      cluster.propose(1, 'a');
      cluster.handle(1);
      expect(cluster.network).toHaveLength(start - 1);
      if (start > 1) cluster.crash(3);
      cluster.deliverAll();
      if (start > 1) cluster.work(2).deliverAll();
      expect(cluster.node(1).committed).toBe(2);
      cluster.append(1);
      expect(cluster.node(1).committed).toBe(3);
    },
  );

  test('a candidate does not lead before its own vote is on disk, or it could lead twice in one term', () => {
    const cluster = new Cluster(async);
    cluster.node(1).campaign();
    cluster.handle(1);
    cluster.deliverAll();
    cluster.work(2).work(3);
    cluster.deliverAll();
    expect(cluster.node(1).softState.role).toBe('StateCandidate');
    cluster.append(1);
    expect(cluster.node(1).isLeader).toBe(true);
  });

  test('after a restart a node knows its term, its vote and its log', () => {
    const cluster = led();
    cluster.propose(1, 'a');
    cluster.settle().restart(1, 2, 3);
    for (const { node, log } of cluster.members) {
      expect(node.status().hardState).toEqual({ term: 1, vote: 1, commit: 3 });
      expect(log).toEqual(['1/2', '1/3 a']);
    }
  });

  test('a node whose log was cut short says so instead of acknowledging what it lacks', () => {
    const cluster = led();
    cluster.propose(1, 'a');
    cluster.settle();
    const heartbeat = newMessage('MsgHeartbeat', 1, 2, 1);
    heartbeat.commit = 9;
    expect(() => cluster.node(2).step(heartbeat)).toThrow(/\[data_loss\]/);
  });
});

describe('§3.10 leadership transfer', () => {
  test('the target leads within one round, in spite of leases', () => {
    const cluster = transfer(led({ checkQuorum: true, preVote: true }), 2).settle();
    expect([cluster.leader, cluster.node(2).term]).toEqual([2, 2]);
  });

  test('a target that lags gets the rest of the log first; meanwhile proposals are dropped', () => {
    const cluster = led().isolate(2);
    cluster.propose(1, 'a');
    transfer(cluster.settle().heal(), 2);
    expect(cluster.propose(1, 'b')).toBe('dropped');
    expect(cluster.pass(1).leader).toBe(2);
    expect(cluster.member(2).state).toEqual(['a']);
  });

  test('ends after an election timeout if nothing comes of it', () => {
    const cluster = transfer(led().crash(2), 2);
    expect(cluster.tick(9, 1).propose(1, 'a')).toBe('dropped');
    expect(cluster.tick(1, 1).propose(1, 'a')).toBe('accepted');
  });

  test('may be asked for at any node, and be redirected', () => {
    expect(transfer(led(), 2, 3).settle().leader).toBe(2);
    expect(transfer(transfer(led().crash(2), 2), 3).settle().leader).toBe(3);
  });

  test.each([
    { to: 4, why: 'a learner' },
    { to: 1, why: 'the leader itself' },
    { to: 5, why: 'who does not belong to the group' },
  ])('to $why changes nothing', ({ to }) => {
    const cluster = transfer(new Cluster({ start: confStateOf([1, 2, 3], [4]), outsiders: 1 }).elect(1), to);
    expect(cluster.settle().node(1).status()).toMatchObject({ leadTransferee: 0, softState: { lead: 1 } });
    expect(cluster.propose(1, 'a')).toBe('accepted');
  });
});

describe('§5 log compaction', () => {
  test('a follower that needs what was discarded gets a snapshot, and the log from there on', () => {
    const cluster = led().crash(3);
    for (const data of ['a', 'b', 'c']) cluster.propose(1, data);
    cluster.settle().member(1).compact();
    cluster.propose(1, 'd');
    cluster.settle().restart(3).pass(2);
    expect(cluster.trace.some((line) => line.includes('1->3 MsgSnap'))).toBe(true);
    expect(cluster.member(3).state).toEqual(['a', 'b', 'c', 'd']);
    expect(cluster.member(3).log).toEqual(['1/6 d']);
  });

  test('a snapshot of what a follower has only tells it what is committed', () => {
    const cluster = led();
    cluster.cut(1, 2);
    cluster.propose(1, 'a');
    cluster.settle().member(1).compact();
    cluster.heal();
    const log = cluster.pass(1).member(2).log;
    const again = newMessage('MsgSnap', 1, 2, 1);
    again.snapshot = cluster.member(1).storage.snapshot();
    cluster.node(2).step(again);
    cluster.work(2);
    expect(cluster.member(2).log).toEqual(log);
    expect(cluster.network).toMatchObject([{ type: 'MsgAppResp', index: 3, reject: false }]);
  });

  test('a snapshot may come with entries that follow it', () => {
    const cluster = led().crash(3);
    cluster.propose(1, 'a');
    cluster.settle().member(1).compact();
    cluster.propose(1, 'b');
    cluster.settle().restart(3);
    const [snapshot, append] = [newMessage('MsgSnap', 1, 3, 1), newMessage('MsgApp', 1, 3, 1)];
    snapshot.snapshot = cluster.member(1).storage.snapshot();
    append.index = 3;
    append.logTerm = 1;
    append.entries = cluster.member(1).storage.entries(4, 5, Infinity) ?? [];
    append.commit = 4;
    cluster.node(3).step(snapshot);
    cluster.node(3).step(append);
    expect(cluster.work(3).member(3).state).toEqual(['a', 'b']);
  });

  test('a node does not campaign in the middle of taking over a snapshot', () => {
    const cluster = led({ asyncStorageWrites: true }).crash(3);
    cluster.propose(1, 'a');
    cluster.settle().member(1).compact();
    cluster.restart(3).tick(1, 1);
    const onItsWay = (): number => cluster.network.findIndex(({ type }) => type === 'MsgSnap');
    cluster.settleUntil(() => onItsWay() >= 0).deliver(onItsWay());
    expect(cluster.node(3).committed).toBe(3);
    cluster.tick(30, 3).node(3).campaign();
    expect(cluster.node(3).softState.role).toBe('StateFollower');
    expect(cluster.settle().elect(3).leader).toBe(3);
  });

  test('a snapshot waits until what is being applied is applied: a membership change may be in it', () => {
    const cluster = led({ asyncStorageWrites: true, outsiders: 1 });
    const snapshot = newMessage('MsgSnap', 1, 3, 1);
    snapshot.snapshot = { index: 9, term: 1, confState: confStateOf([1, 2, 3, 4]), data: Buffer.from('[]') };
    cluster.propose(1, 'a');
    cluster.handle(1);
    cluster.deliverAll();
    cluster.work(2);
    cluster.deliverAll();
    cluster.handle(3);
    cluster.append(3);
    cluster.work(1);
    cluster.deliverAll();
    cluster.handle(3);
    expect(cluster.member(3).applyWork).toHaveLength(1);
    cluster.node(3).step(snapshot);
    expect(cluster.node(3).committed).toBe(3);
    cluster.apply(3);
    cluster.node(3).step(snapshot);
    expect(cluster.node(3).committed).toBe(9);
  });

  test('what was applied was committed, though the disk does not say so', () => {
    const cluster = led();
    cluster.propose(1, 'a');
    const { storage } = cluster.settle().member(1);
    cluster.member(1).compact();
    storage.setHardState({ term: 1, vote: 1, commit: 2 });
    cluster.members[0]?.crash();
    cluster.members[0]?.restart();
    expect(cluster.node(1).committed).toBe(3);
  });
});

describe('§6.2 check-quorum', () => {
  test('a leader that no majority answers steps down within two election timeouts', () => {
    const cluster = led({ checkQuorum: true }).isolate(1).tick(20, 1);
    expect(cluster.node(1).softState).toEqual({ role: 'StateFollower', lead: 0 });
  });

  test('one that a majority answers leads on, and nobody votes for anybody else', () => {
    const cluster = led({ checkQuorum: true }).crash(3).pass(100);
    cluster.elect(2);
    expect([cluster.leader, cluster.node(1).term]).toEqual([1, 1]);
  });

  test('a node that forgets its leader may vote at once', () => {
    const cluster = led({ checkQuorum: true });
    cluster.isolate(1).step(3, (node) => node.forgetLeader());
    expect(cluster.elect(2).leader).toBe(2);
  });
});

describe('§9.6 pre-vote', () => {
  test('a node that was cut off comes back without disturbing anybody', () => {
    const cluster = led({ preVote: true }).isolate(3).pass(200).heal().pass(5);
    expect(cluster.members.map(({ node }) => node.term)).toEqual([1, 1, 1]);
    expect(cluster.leader).toBe(1);
  });

  test('asking changes neither term nor vote, and whoever lacks entries is told no', () => {
    const cluster = led({ preVote: true }).crash(3);
    cluster.propose(1, 'a');
    cluster.settle().crash(1).restart(3).elect(3);
    expect(cluster.members.slice(1).map(({ node }) => node.status().hardState.term)).toEqual([1, 1]);
    expect(cluster.node(3).softState.role).toBe('StatePreCandidate');
    expect(cluster.elect(2).leader).toBe(2);
  });

  test('a stranger in a higher term is brought back by the leader stepping into a new one', () => {
    const cluster = led({ preVote: true, checkQuorum: true });
    cluster.node(3).step(newMessage('MsgHeartbeatResp', 2, 3, 7));
    cluster.pass(60);
    expect(new Set(cluster.members.map(({ node }) => node.term)).size).toBe(1);
    expect(cluster.node(1).term).toBeGreaterThan(7);
  });
});
