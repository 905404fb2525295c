/**
 * A Raft group in one process for specs: no clock, no threads, nothing random but the election timeouts,
 * which a seed replays. Messages wait in `network` until they are delivered. The invariants of safety.ts are
 * checked after every step of a member, whatever the spec is about.
 */
import { assert } from '@ringwatch/kernel';
import {
  confStateOf,
  describeMessage,
  type ConfChange,
  type ConfChangeV2,
  type ConfState,
} from '../src/index.ts';
import type { Message, NodeId, RawNode, StepOutcome } from '../src/index.ts';
import { Member, type MemberOptions } from './member.ts';
import { Safety } from './safety.ts';

export interface ClusterOptions extends MemberOptions {
  /** Members of the first start: that many voters, ids from 1 on, or a whole configuration. Default 3. */
  readonly start?: number | ConfState;
  /** What each node's log begins with: terms of entries from index 2 on. Default: nothing. */
  readonly logs?: readonly (readonly number[])[];
  /** Nodes that are there and belong to nothing yet; their ids follow the members'. Default 0. */
  readonly outsiders?: number;
  readonly seed?: number;
}

/** More rounds than any cluster here needs to become quiet. */
const ROUNDS_MAX = 10_000;

export class Cluster {
  readonly members: readonly Member[];
  /** Messages on their way, oldest first. */
  readonly network: Message[] = [];
  /** What was delivered, as people read it; a spec may empty it. */
  readonly trace: string[] = [];
  readonly safety = new Safety(() => this.members);
  readonly #cut = new Set<string>();

  constructor({ start = 3, logs = [], outsiders = 0, seed = 1, ...options }: ClusterOptions = {}) {
    const voters = typeof start === 'number' ? Array.from({ length: start }, (_, i) => i + 1) : [];
    const confState = typeof start === 'number' ? confStateOf(voters) : start;
    const { voters: all, votersOutgoing, learners } = confState;
    const first = Math.max(...all, ...votersOutgoing, ...learners);
    this.members = Array.from({ length: first + outsiders }, (_, i) => {
      const setup = { id: i + 1, confState: i < first ? confState : undefined, log: logs[i] ?? [] };
      return new Member({ ...setup, options, seed: seed + i }, this.safety);
    });
  }

  member(id: NodeId): Member {
    const member = this.members[id - 1];
    assert(member !== undefined, `there is no node ${id}`);
    return member;
  }

  node(id: NodeId): RawNode {
    return this.member(id).node;
  }

  /** The node that leads in the highest term; undefined when none does. */
  get leader(): NodeId | undefined {
    const leaders = this.members.filter(({ up, node }) => up && node.isLeader);
    return leaders.toSorted((a, b) => b.node.term - a.node.term)[0]?.id;
  }

  /** Has `id` campaign and lets it win. */
  elect(id: NodeId): this {
    this.node(id).campaign();
    return this.settle();
  }

  propose(id: NodeId, data: string): StepOutcome {
    return this.step(id, (node) => node.propose(Buffer.from(data)));
  }

  change(id: NodeId, change: ConfChange | ConfChangeV2): StepOutcome {
    return this.step(id, (node) => node.proposeConfChange(change));
  }

  read(id: NodeId, context: string): StepOutcome {
    return this.step(id, (node) => node.readIndex(Buffer.from(context)));
  }

  /** Lets time pass at `ids`, or everywhere; nothing is delivered meanwhile. */
  tick(ticks = 1, ...ids: readonly NodeId[]): this {
    for (const { id, up } of this.members) {
      if (!up || (ids.length > 0 && !ids.includes(id))) continue;
      for (let i = 0; i < ticks; i++) this.step(id, (node) => node.tick());
    }
    return this;
  }

  /** Lets time pass everywhere, and everything be delivered after each tick. */
  pass(ticks: number): this {
    for (let i = 0; i < ticks; i++) this.tick().settle();
    return this;
  }

  /** Does all that waits at one node, at its disk and at its state machine. */
  work(id: NodeId): this {
    while (this.handle(id) || this.append(id) || this.apply(id));
    return this;
  }

  /** Handles a node's `Ready`; false when there is none. */
  handle(id: NodeId): boolean {
    return this.#worked(
      id,
      ({ node }) => node.hasReady(),
      (member) => this.send(...member.work()),
    );
  }

  /** Does the oldest write of a node with asynchronous writes; false when there is none. */
  append(id: NodeId): boolean {
    return this.#worked(
      id,
      (member) => member.appendWork.length > 0,
      (member) => this.send(...member.append()),
    );
  }

  /** Applies the oldest batch of a node with asynchronous writes; false when there is none. */
  apply(id: NodeId): boolean {
    return this.#worked(
      id,
      (member) => member.applyWork.length > 0,
      (member) => member.apply(),
    );
  }

  /** Lets everybody work and delivers everything, until all is quiet. */
  settle(): this {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      for (const { id } of this.members) this.work(id);
      if (this.network.length === 0) return this;
      this.deliverAll();
    }
    throw new Error(`not quiet after ${ROUNDS_MAX} rounds`);
  }

  /** Works and delivers one message at a time until `condition` holds; fails if all is quiet before. */
  settleUntil(condition: () => boolean): this {
    for (let round = 0; round < ROUNDS_MAX && !condition(); round++) {
      for (const { id } of this.members) this.work(id);
      if (condition()) return this;
      assert(this.network.length > 0, 'all is quiet, and what was waited for has not happened');
      this.deliver();
    }
    return this;
  }

  /** Delivers all that is on its way; nobody works. */
  deliverAll(): this {
    for (let left = this.network.length; left > 0; left--) this.deliver();
    return this;
  }

  /** Delivers the message that has waited longest, or the one at `at`; lost if the link is cut. */
  deliver(at = 0): void {
    const [message] = this.network.splice(at, 1);
    if (message === undefined) return;
    const { from, to, type } = message;
    const arrives = this.member(to).up && !this.#cut.has(`${from}>${to}`);
    if (arrives) {
      this.trace.push(describeMessage(message));
      this.step(to, (node) => node.step(message));
    }
    if (type === 'MsgSnap' && this.member(from).up) {
      this.step(from, (node) => node.reportSnapshot(to, arrives));
    }
  }

  /** Cuts the link from one node to another, in that direction only. */
  cut(from: NodeId, to: NodeId): this {
    this.#cut.add(`${from}>${to}`);
    return this;
  }

  /** Cuts all links of `id` to others, in both directions. */
  isolate(id: NodeId): this {
    for (const other of this.members) this.cut(id, other.id).cut(other.id, id);
    return this;
  }

  /** Mends all links. */
  heal(): this {
    this.#cut.clear();
    return this;
  }

  crash(...ids: readonly NodeId[]): this {
    for (const id of ids) this.member(id).crash();
    return this;
  }

  restart(...ids: readonly NodeId[]): this {
    for (const id of ids) this.member(id).restart();
    return this;
  }

  /** Puts messages on their way. */
  send(...messages: readonly Message[]): void {
    this.network.push(...messages);
  }

  /** Calls a node, and checks that it has kept its promises. */
  step<T>(id: NodeId, call: (node: RawNode) => T): T {
    const member = this.member(id);
    const result = call(member.node);
    this.safety.check(member);
    return result;
  }

  #worked(id: NodeId, waits: (member: Member) => boolean, work: (member: Member) => void): boolean {
    const member = this.member(id);
    if (!member.up || !waits(member)) return false;
    work(member);
    this.safety.check(member);
    return true;
  }
}
