/**
 * A random walk over a cluster: every step is one thing that may happen to a group, from a tick to a crash in
 * the middle of a write. A seed replays the walk.
 */
import { assert, randomBelow } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { NO_DATA, type ConfChangeType, type ConfChangeV2, type ConfState } from '../src/index.ts';
import type { Message, NodeId } from '../src/index.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';

/** What may happen to a node, and how often against the rest. */
const ACTIONS: readonly (readonly [weight: number, act: (walk: Walk, id: NodeId) => void])[] = [
  [300, (walk, id) => walk.work(id)],
  [250, (walk) => walk.deliver(walk.anyMessage())],
  [80, (walk, id) => walk.cluster.tick(1, id)],
  [4, (walk) => walk.lose(walk.anyMessage())],
  [8, (walk) => walk.deliverAgain()],
  [20, (walk, id) => walk.propose(id)],
  [8, (walk, id) => walk.read(id)],
  [4, (walk, id) => walk.change(id)],
  [4, ({ cluster }, id) => cluster.member(id).compact()],
  [2, (walk, id) => walk.cluster.step(id, (node) => node.transferLeadership(walk.anyNode()))],
  [1, ({ cluster }, id) => cluster.step(id, (node) => node.campaign())],
  [1, ({ cluster }, id) => cluster.step(id, (node) => node.forgetLeader())],
  [1, (walk, id) => walk.cluster.step(id, (node) => node.reportUnreachable(walk.anyNode()))],
  [1, (walk, id) => walk.cluster.step(id, (node) => node.reportSnapshot(walk.anyNode(), false))],
  [1, ({ cluster }, id) => cluster.isolate(id)],
  [1, (walk, id) => walk.cluster.cut(id, walk.anyNode())],
  [2, ({ cluster }) => cluster.heal()],
  [1, ({ cluster }, id) => cluster.member(id).crash()],
  [1, ({ cluster }, id) => cluster.member(id).writeAndCrash()],
];
/**
 * Each walk has weights of its own, so that some do much of what others hardly do: slow disks, many crashes.
 */
const FACTORS = [0.25, 0.5, 1, 1, 1, 2, 4];
/** How likely a step brings a node back that is down. */
const RESTART_CHANCE = 0.02;

const CHANGES: readonly ConfChangeType[] = [
  'ConfChangeAddNode',
  'ConfChangeAddNode',
  'ConfChangeRemoveNode',
  'ConfChangeAddLearnerNode',
];
/** Messages on their way; what comes when there are more is lost, as in a real network. */
const NETWORK_MAX = 100;
/** Messages that may come again. */
const PAST_MAX = 400;
/** Split votes may repeat, but not for so long. */
const REST_TICKS_MAX = 400;
/**
 * A group that shrinks to two voters, and from two to one, may come to a stand for ever: the one that is left
 * needs the vote of the one that was removed, whose log may be longer. With `commitByVote` it learns that it
 * does not. Half of the walks stay above that.
 */
const VOTERS_MIN = 3;

export class Walk {
  readonly cluster: Cluster;
  /** The group may have come to where nobody can be elected any more. */
  readonly mayStand: boolean;
  readonly #shrinks: boolean;
  readonly #random: SeededRandom;
  readonly #bag: readonly (typeof ACTIONS)[number][];
  /** What was committed when a read was asked for, by its context. */
  readonly #reads = new Map<string, number>();
  readonly #past: Message[] = [];
  #delivered = 0;
  #proposed = 0;

  constructor(seed: number, options: ClusterOptions = {}) {
    this.#random = new SeededRandom(seed);
    this.#shrinks = this.#random.next() < 0.5;
    // Nobody's change may come when the group has become smaller meanwhile, so only leaders propose.
    const own = { seed, disableProposalForwarding: !this.#shrinks };
    const drawn = { ...optionsOf(this.#random), ...own, ...options };
    this.mayStand = this.#shrinks && drawn.commitByVote !== true;
    this.cluster = new Cluster(drawn);
    this.#bag = ACTIONS.flatMap((action) => {
      const weight = Math.ceil(action[0] * this.#pick(FACTORS));
      return new Array<typeof action>(weight).fill(action);
    });
  }

  /** One thing happens. */
  step(): void {
    const { cluster } = this;
    const member = cluster.member(this.anyNode());
    if (member.up) this.#pick(this.#bag)[1](this, member.id);
    else if (this.#random.next() < RESTART_CHANCE) member.restart();
    while (cluster.network.length > NETWORK_MAX) this.lose(this.anyMessage());
  }

  /**
   * Ends all faults and lets time pass until every voter has applied what is proposed now. Who was removed is
   * kept away, for without pre-vote and check-quorum it would disturb the others for ever (Raft §6).
   * @returns the ticks that it took; Infinity when nothing came of it.
   */
  rest(): number {
    const { cluster } = this;
    const { members } = cluster.heal();
    cluster.restart(...members.filter(({ up }) => !up).map(({ id }) => id)).settle();
    for (let tick = 0; tick < REST_TICKS_MAX; tick++) {
      const { leader } = cluster.pass(1);
      if (leader === undefined) continue;
      const { voters, votersOutgoing } = cluster.node(leader).status().confState;
      const removed = members.filter(({ id }) => !voters.includes(id) && !votersOutgoing.includes(id));
      cluster.heal();
      for (const { id } of removed) cluster.isolate(id);
      if (cluster.propose(leader, 'rest') === 'dropped') continue;
      cluster.settle();
      if (voters.every((id) => cluster.member(id).state.at(-1) === 'rest')) return tick;
    }
    return Infinity;
  }

  /** Does one of the things that wait at some node, beginning to look at `id`. */
  work(id: NodeId): void {
    const { cluster } = this;
    const count = cluster.members.length;
    for (let i = 0; i < count; i++) {
      const at = ((id - 1 + i) % count) + 1;
      const first = randomBelow(this.#random, 3);
      for (let j = 0; j < 3; j++) {
        const done = [cluster.handle, cluster.append, cluster.apply][(first + j) % 3]?.call(cluster, at);
        if (done !== true) continue;
        this.#checkReads(at);
        return;
      }
    }
  }

  lose(at: number): void {
    const { cluster } = this;
    const [message] = cluster.network.splice(at, 1);
    if (message?.type !== 'MsgSnap' || !cluster.member(message.from).up) return;
    cluster.step(message.from, (node) => node.reportSnapshot(message.to, false));
  }

  deliver(at: number): void {
    const message = this.cluster.network[at];
    if (message === undefined) return;
    this.#past[this.#delivered++ % PAST_MAX] = message;
    this.cluster.deliver(at);
  }

  /** A message comes a second time, perhaps terms later. */
  deliverAgain(): void {
    if (this.#past.length > 0) this.cluster.send(this.#pick(this.#past));
  }

  propose(id: NodeId): void {
    this.cluster.propose(id, `${++this.#proposed}`);
  }

  read(id: NodeId): void {
    const context = `read-${this.#reads.size}`;
    this.#reads.set(context, this.cluster.safety.committed);
    this.cluster.read(id, context);
  }

  /** Up to two changes at once; none ends a joint configuration, or is refused where there is none. */
  change(id: NodeId): void {
    const { voters }: ConfState = this.cluster.node(id).status().confState;
    const types = this.#shrinks || voters.length > VOTERS_MIN + 1 ? CHANGES : CHANGES.slice(0, 1);
    const changes = Array.from({ length: randomBelow(this.#random, 3) }, () => ({
      type: this.#pick(types),
      nodeId: this.anyNode(),
    }));
    const change: ConfChangeV2 = { kind: 'v2', transition: 'auto', changes, context: NO_DATA };
    this.cluster.change(id, change);
  }

  anyNode(): NodeId {
    return this.#pick(this.cluster.members).id;
  }

  /** Place of a message in the network. */
  anyMessage(): number {
    return randomBelow(this.#random, this.cluster.network.length);
  }

  /** A read sees everything that was committed when it was asked for. */
  #checkReads(id: NodeId): void {
    for (const granted of this.cluster.member(id).reads.splice(0)) {
      const [context, index] = granted.split('@') as [string, string];
      const needed = this.#reads.get(context) ?? Infinity;
      assert(Number(index) >= needed, `${context} got ${index}, but ${needed} was committed before it`);
    }
  }

  #pick<T>(items: readonly T[]): T {
    return items[randomBelow(this.#random, items.length)] as T;
  }
}

/** Sizes, limits and switches that bring different code to work. */
function optionsOf(random: SeededRandom): ClusterOptions {
  const flag = (): boolean => random.next() < 0.5;
  return {
    start: 3 + randomBelow(random, 3),
    outsiders: 1,
    asyncStorageWrites: flag(),
    preVote: flag(),
    checkQuorum: flag(),
    commitByVote: flag(),
    stepDownOnRemoval: flag(),
    electionTicks: 5,
    inflightMessagesMax: 1 + randomBelow(random, 4),
    messageBytesMax: flag() ? 40 : 4096,
    applyingBytesMax: flag() ? 40 : 4096,
    uncommittedBytesMax: flag() ? 10 : 4096,
  };
}
