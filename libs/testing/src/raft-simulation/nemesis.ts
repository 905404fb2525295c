/**
 * Whoever makes a simulated cluster fail: at random moments one of the faults that the run has, each of them
 * ending by itself after a while, until {@link Nemesis.stop}.
 */
import { randomBelow, type Random } from '@ringwatch/kernel';
import { isJoint, type ConfChangeSingle, type ConfState, type NodeId } from '@ringwatch/raft';
import type { GroupId, RaftGroup } from '@ringwatch/raft-node';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { VirtualTime } from './virtual-time.ts';

export const FAULTS = [
  'crash',
  'crash-at-operation',
  'pause',
  'partition',
  'one-way-cut',
  'clog',
  'slow-disk',
  'sync-error',
  'bit-flip',
  'clock-jump',
  'membership',
  'transfer',
  'snapshot',
] as const;

export type FaultKind = (typeof FAULTS)[number];

export interface NemesisWorld {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly network: SimulatedNetwork;
  readonly nodes: readonly SimulatedNode[];
  readonly groups: readonly GroupId[];
  readonly faults: readonly FaultKind[];
  readonly meanMs: number;
}

const VOTERS_MIN = 3;
const CHANGES_AT_ONCE_MAX = 3;
const OUTAGE_MS_MAX = 4_000;
/** How often it is the leader that a fault strikes. */
const LEADER_RATIO = 0.3;
const RECONNECT_MS_MAX = 2_500;
const SLOW_SYNC_MS_MAX = 3_000;
/** Where the header of a segment names its salt. */
const SALT_AT = 32;

export class Nemesis {
  #stopped = false;
  #flipped = false;
  readonly counters: Record<FaultKind, number> = Object.fromEntries(
    FAULTS.map((fault) => [fault, 0]),
  ) as Record<FaultKind, number>;

  constructor(private readonly world: NemesisWorld) {
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
  }

  #wait(): void {
    const { time, random, meanMs } = this.world;
    time.after(-Math.log(1 - random.next()) * meanMs, () => {
      if (this.#stopped) return;
      this.#strike();
      this.#wait();
    });
  }

  #strike(): void {
    const { random, faults, nodes } = this.world;
    const fault = faults[randomBelow(random, faults.length)];
    const leader = random.next() < LEADER_RATIO ? this.#leader() : undefined;
    const node = leader ?? nodes[randomBelow(random, nodes.length)];
    if (fault === undefined || node?.isUp !== true) return;
    this.counters[fault]++;
    this.#do(fault, node);
  }

  /** A node that takes itself for the leader of a group. */
  #leader(id = this.world.groups[0]): SimulatedNode | undefined {
    return this.world.nodes.find((node) => id !== undefined && node.group(id)?.isLeader === true);
  }

  #do(fault: FaultKind, node: SimulatedNode): void {
    const { time, random } = this.world;
    const outageMs = random.next() * OUTAGE_MS_MAX;
    switch (fault) {
      case 'crash':
        node.crash();
        return;
      case 'crash-at-operation':
        node.disk.crashAfter(randomBelow(random, 20));
        return;
      case 'pause':
        this.#pause(node, outageMs);
        return;
      case 'partition':
        this.#partition(outageMs);
        return;
      case 'one-way-cut':
        this.#cutOneWay(node, outageMs);
        return;
      case 'clog':
        this.#clog(node, outageMs);
        return;
      case 'slow-disk':
        node.slowDisk(100 + random.next() * SLOW_SYNC_MS_MAX, time.nowMs + outageMs);
        return;
      case 'sync-error':
        node.disk.failSyncs(1);
        return;
      case 'bit-flip':
        this.#flip(node);
        return;
      case 'clock-jump':
        node.jumpClock((random.next() - 0.5) * 2 * 3_600_000);
        return;
      case 'membership':
        this.#changeMembers();
        return;
      case 'transfer':
        this.#transfer(node);
        return;
      case 'snapshot':
        for (const id of this.world.groups) node.enter(() => node.group(id)?.takeSnapshot());
    }
  }

  /** A node that stands still. Its connections may be gone by when it goes on, and come back later. */
  #pause(node: SimulatedNode, outageMs: number): void {
    const { nodes, random, time } = this.world;
    node.pause();
    time.after(outageMs, () => node.resume());
    if (random.next() < 0.5) return;
    const cutMs = outageMs + random.next() * RECONNECT_MS_MAX;
    for (const { id } of nodes) {
      this.#cut(id, node.id, cutMs);
      this.#cut(node.id, id, cutMs);
    }
  }

  #cut(from: NodeId, to: NodeId, outageMs: number): void {
    const { network, time } = this.world;
    network.setCut(from, to, true);
    time.after(outageMs, () => network.setCut(from, to, false));
  }

  /** Two sides that do not hear each other. */
  #partition(outageMs: number): void {
    const { nodes, random } = this.world;
    const side = new Map(nodes.map(({ id }) => [id, random.next() < 0.5]));
    for (const { id: a } of nodes) {
      for (const { id: b } of nodes) {
        if (side.get(a) !== side.get(b)) this.#cut(a, b, outageMs);
      }
    }
  }

  /** A node that hears and is not heard, or the other way, by some of the others. */
  #cutOneWay(node: SimulatedNode, outageMs: number): void {
    const { nodes, random } = this.world;
    const outward = random.next() < 0.5;
    for (const { id } of nodes) {
      if (id === node.id || random.next() < 0.3) continue;
      const [from, to] = outward ? [node.id, id] : [id, node.id];
      this.#cut(from, to, outageMs);
    }
  }

  #clog(node: SimulatedNode, outageMs: number): void {
    const { nodes, network, time } = this.world;
    for (const { id } of nodes) {
      if (id !== node.id) network.clog(id, node.id, time.nowMs + outageMs);
    }
  }

  /**
   * Damages what a node has written long ago; the node finds it when it starts next. One node a run, or the
   * group could lose its majority for good. The end of a log is left alone: damage there cannot be told from
   * a torn write by anybody.
   */
  #flip(node: SimulatedNode): void {
    if (this.#flipped) return;
    this.#flipped = true;
    node.crash();
    const path = node.disk.paths().find((name) => name.includes('/wal/'));
    if (path === undefined) return;
    const safeBytes = startOfEnd(node.disk.contentOf(path));
    if (safeBytes <= 0) return;
    const { random } = this.world;
    node.disk.flipBit(path, randomBelow(random, safeBytes), randomBelow(random, 8));
  }

  /** Asks the leader for a change, or for several at once, of which it may take one. */
  #changeMembers(): void {
    const { random, groups } = this.world;
    const id = groups[randomBelow(random, groups.length)];
    const leader = this.#leader(id);
    if (leader === undefined || id === undefined) return;
    const count = 1 + randomBelow(random, CHANGES_AT_ONCE_MAX);
    leader.enter(() => {
      const group = leader.group(id);
      if (group === undefined) return;
      for (let i = 0; i < count; i++) this.#changeMembersOf(group);
    });
  }

  #changeMembersOf(group: RaftGroup): void {
    const { random } = this.world;
    const { confState } = group.status();
    const transition = (['auto', 'implicit', 'explicit'] as const)[randomBelow(random, 3)] ?? 'auto';
    const changes = isJoint(confState) ? [] : this.#changes(confState);
    const change = { kind: 'v2', transition: changes.length === 0 ? 'auto' : transition, changes } as const;
    if (changes.length === 0 && !isJoint(confState)) return;
    // Refused, lost or superseded: whatever comes of it is the invariants' to judge.
    void group.changeMembers({ ...change, context: new Uint8Array(0) }).catch(() => undefined);
  }

  /** One or two changes that leave enough voters. */
  #changes({ voters, learners }: ConfState): ConfChangeSingle[] {
    const { random, nodes } = this.world;
    const next = new Set(voters);
    const changes: ConfChangeSingle[] = [];
    for (let i = randomBelow(random, 2); i >= 0; i--) {
      const { id, isLost } = nodes[randomBelow(random, nodes.length)] as SimulatedNode;
      if (next.has(id)) {
        if (next.size <= VOTERS_MIN) continue;
        next.delete(id);
        const type = random.next() < 0.5 ? 'ConfChangeRemoveNode' : 'ConfChangeAddLearnerNode';
        changes.push({ type, nodeId: id });
      } else if (!isLost) {
        const learner = !learners.includes(id) && random.next() < 0.3;
        if (!learner) next.add(id);
        changes.push({ type: learner ? 'ConfChangeAddLearnerNode' : 'ConfChangeAddNode', nodeId: id });
      }
    }
    return changes;
  }

  #transfer(node: SimulatedNode): void {
    const { random, nodes, groups } = this.world;
    const to = nodes[randomBelow(random, nodes.length)] as SimulatedNode;
    for (const id of groups) node.enter(() => node.group(id)?.transferLeadership(to.id));
  }
}

/**
 * Where the end of a segment of the log begins: at its last frame but one, for the last one may be torn.
 * Every frame begins with the salt that the segment's header names (docs/formats/wal.md).
 */
function startOfEnd(segment: Buffer): number {
  const salt = segment.subarray(SALT_AT, SALT_AT + 4);
  return segment.lastIndexOf(salt, segment.lastIndexOf(salt) - 1);
}
