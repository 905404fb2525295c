/**
 * What "In Search of an Understandable Consensus Algorithm" (Ongaro and Ousterhout, extended version) says,
 * section by section. What is only in Ongaro's thesis is in thesis.spec.ts.
 */
import { describe, expect, test } from 'vitest';
import { Cluster } from '../cluster/cluster.ts';
import { newMessage, type Message, type MessageType, type Role } from './message.ts';

/** A cluster of three in which node 1 has come to `role` in term 1, and everything is quiet. */
function clusterWith(role: Role): Cluster {
  const cluster = new Cluster({ preVote: role === 'StatePreCandidate' });
  if (role === 'StateLeader') cluster.elect(1);
  else if (role !== 'StateFollower') cluster.isolate(1).elect(1);
  expect(cluster.node(1).softState.role).toBe(role);
  return cluster.heal();
}

const ROLES: readonly Role[] = ['StateFollower', 'StatePreCandidate', 'StateCandidate', 'StateLeader'];
const heard = (cluster: Cluster, type: MessageType): string[] =>
  cluster.trace.splice(0).filter((line) => line.includes(` ${type} `));

describe('§5.1 terms', () => {
  test.each(ROLES)('%s that hears of a higher term takes it over and follows', (role) => {
    const cluster = clusterWith(role);
    cluster.node(1).step(newMessage('MsgApp', 2, 1, 7));
    expect(cluster.node(1).status()).toMatchObject({
      softState: { lead: 2, role: 'StateFollower' },
      hardState: { term: 7, vote: 0 },
    });
  });

  test.each(ROLES)('%s takes nothing from a message of an old term', (role) => {
    const cluster = clusterWith(role);
    cluster.node(1).step(newMessage('MsgHeartbeat', 3, 1, 9));
    const [log, state] = [cluster.work(1).member(1).log, cluster.node(1).status()];
    const append = newMessage('MsgApp', 2, 1, 8);
    append.index = cluster.node(1).lastIndex;
    append.logTerm = 1;
    append.entries = [{ term: 8, index: append.index + 1, type: 'EntryNormal', data: new Uint8Array(1) }];
    cluster.node(1).step(append);
    expect(cluster.work(1).member(1).log).toEqual(log);
    expect(cluster.node(1).status()).toEqual(state);
  });
});

describe('§5.2 leader election', () => {
  test('a node begins as a follower, and stays one while it hears of a leader', () => {
    const cluster = new Cluster();
    expect(cluster.node(2).softState.role).toBe('StateFollower');
    cluster.elect(1).pass(200);
    expect(cluster.node(2).status().softState).toEqual({ lead: 1, role: 'StateFollower' });
  });

  test('a follower that hears nothing for an election timeout votes for itself and asks all others', () => {
    const cluster = new Cluster({ start: 5 });
    cluster.node(1).setElectionTimeout(10);
    cluster.tick(9, 1).work(1);
    expect(cluster.network).toEqual([]);
    cluster.tick(1, 1).work(1);
    expect(cluster.node(1).status().hardState).toMatchObject({ term: 1, vote: 1 });
    expect(cluster.network.map(({ type, to, term }) => [type, to, term])).toEqual(
      [2, 3, 4, 5].map((to) => ['MsgVote', to, 1]),
    );
  });

  test.each([
    { size: 1, others: 0, role: 'StateLeader' },
    { size: 3, others: 0, role: 'StateCandidate' },
    { size: 3, others: 1, role: 'StateLeader' },
    { size: 5, others: 1, role: 'StateCandidate' },
    { size: 5, others: 2, role: 'StateLeader' },
  ])('with $others votes of others in a group of $size it is $role', ({ size, others, role }) => {
    const cluster = new Cluster({ start: size });
    for (let id = others + 2; id <= size; id++) cluster.crash(id);
    expect(cluster.elect(1).node(1).softState.role).toBe(role);
  });

  test('a candidate that most have refused goes back to following nobody', () => {
    const cluster = new Cluster({ logs: [[], [1], [1]] });
    cluster.elect(1);
    expect(cluster.node(1).softState).toEqual({ role: 'StateFollower', lead: 0 });
  });

  test('a node votes once per term, first come first served, also after a restart', () => {
    const cluster = new Cluster();
    const ask = (from: number): Message[] => {
      cluster.node(3).step(requestFor(from));
      cluster.work(3);
      return cluster.network.splice(0);
    };
    expect(ask(1)).toMatchObject([{ to: 1, reject: false }]);
    expect(ask(2)).toMatchObject([{ to: 2, reject: true }]);
    cluster.restart(3);
    expect(ask(2)).toMatchObject([{ to: 2, reject: true }]);
    expect(ask(1)).toMatchObject([{ to: 1, reject: false }]);
  });

  test('a candidate that hears of the leader of its term follows it', () => {
    const cluster = clusterWith('StateCandidate');
    cluster.elect(2).elect(3);
    expect(cluster.node(1).softState).toEqual({ role: 'StateFollower', lead: 3 });
  });

  test('a candidate without a majority tries again in the next term', () => {
    const cluster = clusterWith('StateCandidate').crash(2, 3);
    cluster.pass(20);
    expect(cluster.node(1).softState.role).toBe('StateCandidate');
    expect(cluster.node(1).term).toBeGreaterThan(1);
  });

  test('election timeouts are drawn anew from [10, 20), so that split votes are rare', () => {
    const cluster = new Cluster().crash(2, 3);
    const timeouts = Array.from({ length: 200 }, () => {
      const { term } = cluster.node(1);
      let ticks = 0;
      for (; cluster.node(1).term === term; ticks++) cluster.tick(1, 1).settle();
      return ticks;
    });
    expect([...new Set(timeouts)].toSorted((a, b) => a - b)).toEqual([
      10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    ]);
  });

  test('a leader sends heartbeats to everybody at its interval', () => {
    const cluster = new Cluster({ heartbeatTicks: 3 }).elect(1);
    cluster.trace.length = 0;
    cluster.pass(2);
    expect(heard(cluster, 'MsgHeartbeat')).toEqual([]);
    cluster.pass(1);
    expect(heard(cluster, 'MsgHeartbeat')).toHaveLength(2);
  });
});

describe('§5.3 log replication', () => {
  test('a leader sends a proposal to everybody at once, and commits it when a majority has it', () => {
    const cluster = new Cluster({ start: 5 }).elect(1);
    cluster.propose(1, 'a');
    cluster.work(1);
    expect(cluster.network.map(({ to, entries }) => [to, entries.length])).toEqual(
      [2, 3, 4, 5].map((to) => [to, 1]),
    );
    cluster.crash(4, 5).deliver();
    cluster.work(2);
    expect(cluster.node(1).committed).toBe(2);
    cluster.settle();
    expect(cluster.node(1).committed).toBe(3);
    expect(cluster.member(1).state).toEqual(['a']);
  });

  test('followers apply what is committed, in the order of the log, once the leader tells them', () => {
    const cluster = new Cluster().elect(1);
    for (const data of ['a', 'b', 'c']) cluster.propose(1, data);
    cluster.settle();
    expect(cluster.members.map(({ state }) => state.join())).toEqual(['a,b,c', 'a,b,c', 'a,b,c']);
  });

  test('what is committed commits everything before it, of other leaders too', () => {
    const cluster = new Cluster({ logs: [[1, 2], [1], []] }).elect(1);
    expect(cluster.node(1).committed).toBe(4);
    expect(cluster.member(3).state).toEqual(['of term 1', 'of term 2']);
  });

  test('a follower refuses what does not follow on its log, and says where they may agree', () => {
    const cluster = new Cluster({ logs: [[], [1, 1]] });
    const append = newMessage('MsgApp', 1, 2, 3);
    append.index = 6;
    append.logTerm = 2;
    cluster.node(2).step(append);
    cluster.work(2);
    expect(cluster.network).toMatchObject([{ type: 'MsgAppResp', reject: true, rejectHint: 3, logTerm: 1 }]);
    expect(cluster.member(2).log).toHaveLength(2);
  });

  // Figure 7, without the entry at index 1, which is the start of the group here.
  const leaderLog = [1, 1, 4, 4, 5, 5, 6, 6, 6];
  test.each([
    ['a', [1, 1, 4, 4, 5, 5, 6, 6]],
    ['b', [1, 1, 4]],
    ['c', [1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ['d', [1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ['e', [1, 1, 4, 4, 4, 4]],
    ['f', [1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ])('a leader brings follower (%s) of figure 7 to its own log', (_, log) => {
    const cluster = new Cluster({ logs: [leaderLog, log, leaderLog] });
    cluster.node(1).step(newMessage('MsgHeartbeat', 2, 1, 7));
    expect(cluster.elect(1).node(1).status().hardState).toEqual({ term: 8, vote: 1, commit: 11 });
    expect(cluster.member(2).log).toEqual(cluster.member(1).log);
  });

  test('a leader sends again what a follower did not get, until it has it', () => {
    const cluster = new Cluster().elect(1).crash(3);
    cluster.propose(1, 'a');
    cluster.pass(30);
    cluster.restart(3).pass(2);
    expect(cluster.member(3).state).toEqual(['a']);
  });

  test('a leader never changes what is in its own log', () => {
    const cluster = new Cluster({ logs: [[1, 2, 2], [1], [1]] });
    const before = cluster.member(1).log;
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.member(1).log.slice(0, 3)).toEqual(before);
  });
});

describe('§5.4.1 election restriction', () => {
  test.each([
    { candidate: [1], voter: [1, 1], vote: false, why: 'a longer log of the same term' },
    { candidate: [1, 1, 1], voter: [2], vote: false, why: 'a last entry of a later term' },
    { candidate: [1], voter: [1], vote: true, why: 'the same log' },
    { candidate: [1, 1], voter: [1], vote: true, why: 'a shorter log of the same term' },
    { candidate: [2], voter: [1, 1, 1], vote: true, why: 'a last entry of an earlier term' },
  ])('a voter with $why votes: $vote', ({ candidate, voter, vote }) => {
    const cluster = new Cluster({ logs: [candidate, voter] }).crash(3);
    expect(cluster.elect(1).node(1).isLeader).toBe(vote);
  });

  test('who lacks a committed entry is not elected by any majority', () => {
    const cluster = new Cluster({ start: 5 }).elect(1).isolate(5);
    cluster.propose(1, 'a');
    cluster.settle().crash(1).heal().elect(5);
    expect(cluster.leader).toBeUndefined();
    expect(cluster.elect(2).leader).toBe(2);
  });
});

describe('§5.4.2 committing entries of previous terms', () => {
  /** Figure 8 with three servers: node 1 leads in term 4 and has an entry of term 2, node 3 one of term 3. */
  function figure8(): Cluster {
    const cluster = new Cluster({ logs: [[1, 2], [1], [1, 3]], messageBytesMax: 1 });
    cluster.node(1).step(newMessage('MsgHeartbeat', 3, 1, 3));
    cluster.crash(3).node(1).campaign();
    return cluster;
  }
  const hasOld = (cluster: Cluster): boolean => cluster.node(1).status().progress.get(2)?.match === 3;

  test('a majority alone does not commit an entry of an earlier term, which may still be replaced', () => {
    const cluster = figure8();
    cluster.settleUntil(() => hasOld(cluster));
    expect(cluster.member(2).log).toContain('2/3 of term 2');
    expect(cluster.node(1).committed).toBe(1);
    cluster.network.length = 0;
    cluster.crash(1).restart(3).elect(3).elect(3);
    expect(cluster.member(2).log).toContain('3/3 of term 3');
    expect(cluster.member(2).state).toEqual(['of term 1', 'of term 3']);
  });

  test('it is committed with the first entry of the own term, and then nobody without it can lead', () => {
    const cluster = figure8().settle();
    expect(cluster.node(1).committed).toBe(4);
    cluster.crash(1).restart(3).elect(3).elect(3);
    expect(cluster.leader).toBeUndefined();
  });
});

describe('§5.5 crashes of followers and candidates', () => {
  test('requests may come twice: nothing changes by the second one', () => {
    const cluster = new Cluster().elect(1);
    cluster.propose(1, 'a');
    cluster.propose(1, 'b');
    cluster.work(1);
    const late = cluster.network.slice();
    cluster.settle();
    const before = cluster.members.map(({ log, state }) => [...log, ...state]);
    cluster.send(...late.toReversed());
    cluster.settle();
    expect(cluster.members.map(({ log, state }) => [...log, ...state])).toEqual(before);
  });
});

describe('§5.6 timing and availability', () => {
  test('while messages take less than an election timeout, the term stays', () => {
    const cluster = new Cluster({ start: 5 }).elect(1);
    for (let i = 0; i < 200; i++) {
      cluster.tick(8).settle();
      cluster.propose(1, 'a');
    }
    expect(cluster.settle().members.map(({ node }) => node.term)).toEqual([1, 1, 1, 1, 1]);
  });

  test('while a majority is up, a new leader is there soon after one is lost', () => {
    const cluster = new Cluster({ start: 5 }).elect(1).crash(1, 2).pass(60);
    expect(cluster.leader).toBeGreaterThan(2);
  });
});

function requestFor(candidate: number): Message {
  const request = newMessage('MsgVote', candidate, 3, 1);
  request.index = 1;
  request.logTerm = 1;
  return request;
}
