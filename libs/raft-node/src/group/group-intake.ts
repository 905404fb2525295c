/**
 * What applications ask of a group, from the call to the answer: proposals gather until the group's turn and
 * go into the log as one append, reads that gather share one request.
 */
import { Fault } from '@ringwatch/kernel';
import {
  encodeConfChange,
  type ConfChange,
  type ConfChangeV2,
  type Entry,
  type RawNode,
  type ReadState,
} from '@ringwatch/raft';
import type { GroupLog } from '../wal/group-log.ts';
import type { GroupSettings } from './group-options.ts';
import { busy, changePending, logFull, notLeader, tooLarge } from './group-refusals.ts';
import { Proposals, type LogPosition, type Proposal } from './proposals.ts';
import { Reads, type Reader } from './reads.ts';
import type { Timing } from '../timing.ts';

/** What the intake needs of its group. */
export interface IntakeContext {
  readonly node: RawNode;
  readonly log: GroupLog;
  readonly settings: Pick<GroupSettings, 'queueBytesMax' | 'readsMax'>;
  readonly timing: Timing;
  readonly wake: () => void;
}

export class GroupIntake {
  readonly #context: IntakeContext;
  readonly #proposals = new Proposals();
  readonly #reads: Reads;
  #queue: Proposal[] = [];
  #queuedBytes = 0;
  #ticks = 0;
  #over: Fault | undefined;
  /** Proposals taken since the start. */
  taken = 0;

  constructor(context: IntakeContext) {
    this.#context = context;
    this.#reads = new Reads(context.timing.random);
  }

  propose(proposal: Proposal): void {
    const refusal = this.#refusal(proposal.data.length);
    if (refusal !== undefined) {
      proposal.reject(refusal);
      return;
    }
    this.#queue.push(proposal);
    this.#queuedBytes += proposal.data.length;
    this.#context.wake();
  }

  changeMembers(change: ConfChange | ConfChangeV2): Promise<LogPosition> {
    const { node, wake } = this.#context;
    return new Promise((resolve, reject) => {
      const { data } = encodeConfChange(change);
      const refusal = this.#refusal(0) ?? (node.refusesChange(change) ? changePending() : undefined);
      if (refusal !== undefined) throw refusal;
      this.#append([{ data, resolve, reject }], () => node.proposeConfChange(change));
      wake();
    });
  }

  read(reader: Reader): void {
    const full = this.#reads.count >= this.#context.settings.readsMax;
    const refusal = this.#over ?? (full ? busy('too many reads wait') : undefined);
    if (refusal !== undefined) {
      reader.reject(refusal);
      return;
    }
    this.#reads.add(reader);
    this.#context.wake();
  }

  /** Hands what has gathered to the core. */
  turn(): void {
    const { node, timing } = this.#context;
    this.#propose();
    if (this.#reads.waiting === 0) return;
    const context = this.#reads.begin(this.#ticks + timing.readTicks);
    if (node.readIndex(context) === 'dropped') this.#reads.refused(context, notLeader(node.softState.lead));
  }

  tick(): void {
    this.#ticks++;
    this.#proposals.expire(this.#ticks);
    this.#reads.expire(this.#ticks, () => busy('no majority confirmed the leader in time'));
  }

  /** The core has confirmed reads. */
  confirmed(states: readonly ReadState[], applied: number): void {
    if (states.length === 0) return;
    for (const state of states) this.#reads.confirmed(state);
    this.#reads.release(applied);
  }

  /** The state machine has applied `entries`. */
  applied(entries: readonly Entry[]): void {
    this.#proposals.applied(entries);
    this.#reads.release(entries.at(-1)?.index ?? 0);
  }

  /** The state machine is that of a snapshot after `index`. */
  restored(index: number): void {
    this.#proposals.restored(index);
    this.#reads.release(index);
  }

  /** Nothing is taken any more; whoever waits is told. */
  fail(fault: Fault): void {
    this.#over = fault;
    for (const { reject } of this.#queue.splice(0)) reject(fault);
    this.#proposals.fail(fault);
    this.#reads.fail(fault);
  }

  #refusal(bytes: number): Fault | undefined {
    const { node, log, settings } = this.#context;
    if (this.#over !== undefined) return this.#over;
    if (!node.isLeader) return notLeader(node.softState.lead);
    if (bytes > log.entryBytesMax) return tooLarge(bytes, log.entryBytesMax);
    if (log.pinsOldest) return logFull();
    if (this.#queuedBytes + bytes > settings.queueBytesMax) {
      return busy('too much waits for the log', 'log_queue_full');
    }
    return undefined;
  }

  /** Proposes everything that has gathered as one append. */
  #propose(): void {
    if (this.#queue.length === 0) return;
    const { node } = this.#context;
    const proposals = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#context.log.pinsOldest) {
      // Others have filled it since.
      for (const { reject } of proposals) reject(logFull());
    } else if (node.isLeader) {
      this.#append(proposals, () => node.propose(...proposals.map(({ data }) => data)));
    } else {
      for (const { reject } of proposals) reject(notLeader(node.softState.lead));
    }
  }

  #append(proposals: readonly Proposal[], propose: () => 'accepted' | 'dropped'): void {
    const { node, timing } = this.#context;
    const first = node.lastIndex + 1;
    if (propose() === 'dropped') {
      const fault = busy('the leader takes no proposals now', 'proposal_dropped');
      for (const { reject } of proposals) reject(fault);
      return;
    }
    this.taken += proposals.length;
    this.#proposals.add(proposals, first, node.term, this.#ticks + timing.proposalTicks);
  }
}
