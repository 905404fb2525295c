/** Linearizable reads over whole groups (Raft §8, thesis §6.4). */
import { describe, expect, test } from 'vitest';
import { Cluster, type ClusterOptions } from '../cluster/cluster.ts';
import { newMessage, type Message, type NodeId } from './message.ts';

const led = (options: ClusterOptions = {}): Cluster => new Cluster(options).elect(1);
/** Contexts and indexes that node `id` was granted since the last call. */
const granted = (cluster: Cluster, id: NodeId = 1): string[] => cluster.member(id).reads.splice(0);
const heartbeats = (cluster: Cluster): Message[] =>
  cluster.network.filter(({ type }) => type === 'MsgHeartbeat');

function remove(cluster: Cluster, nodeId: NodeId): void {
  cluster.change(1, { kind: 'v1', type: 'ConfChangeRemoveNode', nodeId, context: new Uint8Array(0) });
  cluster.settle();
}

describe('a read', () => {
  test('waits until a majority has confirmed, after it came, that the leader leads', () => {
    const cluster = led({ start: 5 });
    cluster.read(1, 'x');
    cluster.work(1).deliverAll();
    cluster.work(2).deliverAll().work(1);
    expect(granted(cluster)).toEqual([]);
    cluster.work(3).deliverAll().work(1);
    expect(granted(cluster)).toEqual(['x@2']);
  });

  test('sees everything that was committed before it came, also when more is committed meanwhile', () => {
    const cluster = led();
    cluster.propose(1, 'a');
    cluster.settle().read(1, 'x');
    cluster.propose(1, 'b');
    cluster.settle();
    expect(granted(cluster)).toEqual(['x@3']);
  });

  test('is not granted by a leader that was deposed and does not know it', () => {
    const cluster = led().isolate(1).elect(2);
    cluster.propose(2, 'a');
    cluster.settle().read(1, 'x');
    cluster.pass(5);
    expect(cluster.node(1).isLeader).toBe(true);
    expect(granted(cluster)).toEqual([]);
    expect(cluster.heal().pass(30).member(1).reads).toEqual([]);
  });

  test('waits for the first commit of the term, for before it nobody knows what is committed', () => {
    const cluster = led();
    cluster.propose(1, 'a');
    cluster.work(1).deliverAll();
    cluster.work(2).deliverAll();
    expect(cluster.node(1).committed).toBe(3);
    cluster.crash(1).network.length = 0;
    cluster.node(2).campaign();
    cluster.settleUntil(() => cluster.node(2).isLeader);
    expect(cluster.node(2).committed).toBe(2);
    cluster.read(2, 'x');
    expect(granted(cluster.settle(), 2)).toEqual(['x@4']);
  });

  test('at a follower is answered by the leader, at the follower', () => {
    const cluster = led();
    cluster.propose(1, 'a');
    cluster.settle().read(3, 'x');
    expect(granted(cluster.settle(), 3)).toEqual(['x@3']);
    expect(granted(cluster, 1)).toEqual([]);
  });

  test('is dropped where no leader is known, and where too many wait', () => {
    expect(new Cluster().read(2, 'x')).toBe('dropped');
    const cluster = led({ readsPendingMax: 2 }).isolate(1);
    expect(['x', 'y', 'z'].map((context) => cluster.read(1, context))).toEqual([
      'accepted',
      'accepted',
      'dropped',
    ]);
  });

  test('of a single voter is granted at once, but not before the first commit of its term', () => {
    const cluster = led({ start: 1 }).restart(1);
    cluster.node(1).campaign();
    cluster.handle(1);
    expect(cluster.node(1).isLeader).toBe(true);
    cluster.read(1, 'x');
    expect(granted(cluster.settle())).toEqual(['x@3']);
  });

  test('of a leader that was removed needs the voter that is left: that one may have been elected', () => {
    const cluster = led({ start: 2 });
    remove(cluster, 1);
    cluster.isolate(1).elect(2);
    cluster.propose(2, 'a');
    cluster.settle().read(1, 'x');
    expect(granted(cluster.settle())).toEqual([]);
  });
});

describe('a round of heartbeats', () => {
  test('serves all reads that come before it leaves, and no later one', () => {
    const cluster = led();
    cluster.read(1, 'x');
    cluster.read(1, 'y');
    cluster.work(1);
    expect(heartbeats(cluster)).toHaveLength(2);
    cluster.read(1, 'z');
    cluster.work(1);
    expect(heartbeats(cluster)).toHaveLength(4);
    const [first] = heartbeats(cluster);
    cluster.network.length = 0;
    cluster.send(first as Message);
    expect(granted(cluster.settle())).toEqual(['x@2', 'y@2']);
    expect(granted(cluster.pass(1))).toEqual(['z@2']);
  });

  test('is sent again with every heartbeat while a read waits for it', () => {
    const cluster = led();
    cluster.read(1, 'x');
    cluster.work(1).network.length = 0;
    cluster.tick(1, 1).work(1);
    expect(heartbeats(cluster).map(({ readRound }) => readRound)).toEqual([1, 1]);
    expect(granted(cluster.settle())).toEqual(['x@2']);
  });

  test('confirms nothing younger when its answers come late or twice', () => {
    const cluster = led();
    cluster.read(1, 'x');
    cluster.work(1).deliverAll().work(2).work(3);
    const answers = cluster.network.slice();
    expect(granted(cluster.settle())).toEqual(['x@2']);
    cluster.read(1, 'y');
    cluster.work(1).network.length = 0;
    cluster.send(...answers, ...answers);
    cluster.deliverAll().work(1);
    expect(granted(cluster)).toEqual([]);
  });

  test('of an earlier leadership confirms nothing in a later one', () => {
    const cluster = led();
    cluster.read(1, 'x');
    cluster.work(1).deliverAll().work(2).work(3);
    const answers = cluster.network.splice(0);
    cluster.node(1).step(newMessage('MsgHeartbeatResp', 2, 1, 2));
    cluster.elect(1).read(1, 'y');
    cluster.work(1).network.length = 0;
    cluster.send(...answers);
    cluster.deliverAll().work(1);
    expect([cluster.node(1).isLeader, granted(cluster)]).toEqual([true, []]);
  });
});

describe('a lease', () => {
  const leased = (options: ClusterOptions = {}): Cluster =>
    led({ checkQuorum: true, readOnly: 'lease-based', ...options }).pass(1);

  test('grants reads without a round, counted from when the last confirmed one was sent', () => {
    const cluster = leased().isolate(1);
    cluster.read(1, 'x');
    expect(granted(cluster.work(1))).toEqual(['x@2']);
    cluster.tick(8, 1).read(1, 'y');
    expect(granted(cluster.work(1))).toEqual(['y@2']);
    cluster.tick(1, 1).read(1, 'z');
    expect(granted(cluster.work(1))).toEqual([]);
  });

  test('has ended when the followers may elect, even if their clocks ticked just after the heartbeat', () => {
    const cluster = leased().isolate(1);
    for (const id of [2, 3]) cluster.node(id).setElectionTimeout(20);
    cluster.tick(9, 1).tick(10, 2, 3).elect(2);
    expect(cluster.leader).toBe(2);
    cluster.read(1, 'x');
    expect(granted(cluster.work(1))).toEqual([]);
  });

  test('is void once leadership was offered, also after the transfer has failed', () => {
    const cluster = leased();
    cluster.step(1, (node) => node.transferLeadership(2));
    cluster.work(1);
    const offer = cluster.network.splice(0);
    cluster.pass(10);
    expect(cluster.node(1).status()).toMatchObject({ leadTransferee: 0, softState: { lead: 1 } });
    cluster.isolate(1).read(1, 'x');
    expect(granted(cluster.work(1))).toEqual([]);
    expect(offer).toMatchObject([{ type: 'MsgTimeoutNow', to: 2 }]);
  });

  test('is not broken by a follower that is asked to campaign, or to forget its leader', () => {
    const cluster = leased().isolate(1);
    cluster.step(2, (node) => node.forgetLeader());
    cluster.step(2, (node) => node.campaign());
    expect(cluster.settle().members.map(({ node }) => node.term)).toEqual([1, 1, 1]);
  });

  test('of a single voter needs no rounds', () => {
    const cluster = leased({ start: 1 }).pass(100);
    cluster.read(1, 'x');
    expect(granted(cluster.settle())).toEqual(['x@2']);
  });
});
