/**
 * The core as applications drive it: feed it messages, ticks and proposals, take out a {@link Ready}, do what
 * it says, confirm it. Not for several callers at once; no call blocks.
 *
 * With `asyncStorageWrites` off, per `Ready` and in this order:
 *
 * 1. write `snapshot` in place of the whole log, then `entries`, then `hardState`, so that all of it is there
 *    after a crash or none; sync if there is a snapshot or `mustSync`;
 * 2. send `messages`;
 * 3. apply `snapshot` and `committedEntries`, membership changes with `applyConfChange`;
 * 4. call `advance`.
 *
 * With it on, the same work comes as messages to `APPEND_THREAD` and `APPLY_THREAD`, each processed in
 * order; when a write is durable, or a batch applied, its `responses` are to be delivered. A leader's appends
 * then travel while its own disk still writes.
 */
import { assert } from '@ringwatch/kernel';
import { encodeConfChange, type ConfChange, type ConfChangeV2 } from './conf-change.ts';
import { inLease } from './election.ts';
import { encodedBytes } from './entry-size.ts';
import { applyConfChange } from './membership-change.ts';
import {
  APPEND_THREAD,
  APPLY_THREAD,
  isLocalMessage,
  isResponse,
  isStorageThread,
  newMessage,
  NONE,
  type ConfState,
  type Entry,
  type HardState,
  type Message,
  type NodeId,
  type ReadState,
  type Snapshot,
  type SoftState,
} from './message.ts';
import type { RaftOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { refusesChange } from './proposal.ts';
import { Raft, type StepOutcome } from './raft.ts';
import { step } from './step.ts';
import { tick } from './tick.ts';

/** What is to be done; everything in it is immutable. */
export interface Ready {
  /** Leader and role, if they have changed. */
  readonly softState: SoftState | undefined;
  /** Term, vote and commit index, if they have changed. */
  readonly hardState: HardState | undefined;
  readonly readStates: readonly ReadState[];
  /** To be written, in place of whatever stands at their indices and after them. */
  readonly entries: readonly Entry[];
  /** To be written in place of the whole log, before `entries`, which follow it. */
  readonly snapshot: Snapshot | undefined;
  readonly committedEntries: readonly Entry[];
  readonly messages: readonly Message[];
  /** Whether `entries` and `hardState` must be durable before `messages` may leave. */
  readonly mustSync: boolean;
}

/** Why a message from the network was not taken. */
export type Refusal = 'local-message' | 'peer-not-found';

/** What an operator may want to know of a node. */
export interface Status {
  readonly id: NodeId;
  readonly softState: SoftState;
  readonly hardState: HardState;
  readonly applied: number;
  readonly confState: ConfState;
  readonly leadTransferee: NodeId;
  /** How far each member is; only a leader knows, elsewhere it is empty. */
  readonly progress: ReadonlyMap<NodeId, Readonly<Progress>>;
}

const NO_MESSAGES: readonly Message[] = [];
const NO_READ_STATES: readonly ReadState[] = [];

export class RawNode {
  readonly #raft: Raft;
  readonly #async: boolean;
  #lead: NodeId;
  #role: SoftState['role'];
  #hardState: HardState;
  #stepsOnAdvance: Message[] = [];

  /** @throws {Fault} `invalid_argument` for options that cannot work, `data_loss` for a log cut short. */
  constructor(options: RaftOptions) {
    this.#raft = new Raft(options);
    this.#async = options.asyncStorageWrites ?? false;
    this.#lead = this.#raft.lead;
    this.#role = this.#raft.role;
    this.#hardState = this.#raft.hardState;
  }

  get id(): NodeId {
    return this.#raft.id;
  }

  get softState(): SoftState {
    return { lead: this.#raft.lead, role: this.#raft.role };
  }

  get isLeader(): boolean {
    return this.#raft.isLeader();
  }

  get term(): number {
    return this.#raft.term;
  }

  get lastIndex(): number {
    return this.#raft.log.lastIndex;
  }

  get committed(): number {
    return this.#raft.log.committed;
  }

  /** Term of the entry at `index`; undefined when it was compacted or is not there. */
  entryTerm(index: number): number | undefined {
    return this.#raft.log.term(index);
  }

  /** One tick of the clock; what it means in milliseconds is the driver's. */
  tick(): void {
    tick(this.#raft);
  }

  /**
   * Starts an election now. Ignored with `lease-based` reads while a leader is heard of: its lease may rest
   * on this node's word, which a campaign would break.
   */
  campaign(): void {
    if (this.#raft.options.readOnly === 'lease-based' && inLease(this.#raft)) return;
    step(this.#raft, newMessage('MsgHup', this.id, this.id));
  }

  /**
   * Proposes entries with the data given, in order, all or none. Followers pass them on to the leader, and
   * nobody tells when they are lost on the way.
   */
  propose(...data: readonly Uint8Array[]): StepOutcome {
    return this.#propose(data.map((bytes) => ({ term: 0, index: 0, type: 'EntryNormal', data: bytes })));
  }

  /** Proposes a change of the members; in the log it is empty when it may not be made now. */
  proposeConfChange(change: ConfChange | ConfChangeV2): StepOutcome {
    return this.#propose([{ term: 0, index: 0, ...encodeConfChange(change) }]);
  }

  /** Whether the change would come to nothing if proposed now: see {@link RawNode.proposeConfChange}. */
  refusesChange(change: ConfChange | ConfChangeV2): boolean {
    return refusesChange(this.#raft, change);
  }

  /**
   * To be called when a membership change is applied, unless the application refuses it.
   * @throws {Fault} `failed_precondition` when the change cannot follow the configuration that holds.
   */
  applyConfChange(change: ConfChange | ConfChangeV2): ConfState {
    return applyConfChange(this.#raft, change);
  }

  /** Takes a message from the network, or a response of a storage thread. */
  step(message: Message): StepOutcome | Refusal {
    if (!isStorageThread(message.from)) {
      if (isLocalMessage(message.type)) return 'local-message';
      if (isResponse(message.type) && this.#raft.tracker.get(message.from) === undefined) {
        return 'peer-not-found';
      }
    }
    return step(this.#raft, message);
  }

  /**
   * Asks for an index up to which everything must be applied before a read that began now may be served; it
   * comes back as a `ReadState` with `context`. Dropped requests and those of a lost leader never come back.
   */
  readIndex(context: Uint8Array): StepOutcome {
    const message = newMessage('MsgReadIndex', NONE, this.id);
    message.entries = [{ term: 0, index: 0, type: 'EntryNormal', data: context }];
    return step(this.#raft, message);
  }

  /** Hands leadership to `to`, if all goes well within an election timeout. */
  transferLeadership(to: NodeId): void {
    step(this.#raft, newMessage('MsgTransferLeader', to, this.id));
  }

  /** A follower that learned otherwise that its leader is gone stops believing in it. */
  forgetLeader(): void {
    step(this.#raft, newMessage('MsgForgetLeader', NONE, this.id));
  }

  /** The last message to `id` could not be sent. */
  reportUnreachable(id: NodeId): void {
    step(this.#raft, newMessage('MsgUnreachable', id, this.id));
  }

  /** How sending a snapshot to `id` ended. Must follow every `MsgSnap`, or `id` is never sent to again. */
  reportSnapshot(id: NodeId, received: boolean): void {
    const message = newMessage('MsgSnapStatus', id, this.id);
    message.reject = !received;
    step(this.#raft, message);
  }

  hasReady(): boolean {
    const raft = this.#raft;
    const { log } = raft;
    return (
      raft.messages.length > 0 ||
      raft.messagesAfterAppend.length > 0 ||
      log.unstable.hasNextEntries ||
      log.hasNextCommitted(!this.#async) ||
      raft.lead !== this.#lead ||
      raft.role !== this.#role ||
      this.#hardStateChanged() ||
      log.unstable.nextSnapshot() !== undefined ||
      raft.readStates.length > 0
    );
  }

  /** What is to be done now. Taking it means to do it, and to `advance` before the next one is taken. */
  ready(): Ready {
    assert(this.#stepsOnAdvance.length === 0, 'a Ready was taken before the last one was done');
    const raft = this.#raft;
    const { log } = raft;
    const entries = log.unstable.nextEntries();
    const committedEntries = log.nextCommitted(!this.#async);
    const snapshot = log.unstable.nextSnapshot();
    const soft = raft.lead !== this.#lead || raft.role !== this.#role;
    const changed = this.#hardStateChanged();
    const mustSync =
      entries.length > 0 || raft.vote !== this.#hardState.vote || raft.term !== this.#hardState.term;
    const hardState = changed ? raft.hardState : undefined;
    const { messages, readStates } = raft;
    const appendDone = this.#appendDone(snapshot);
    if (this.#async) {
      this.#toThreads(messages, { entries, hardState, snapshot, committedEntries }, appendDone);
    } else {
      this.#toCaller(messages, committedEntries, appendDone);
    }
    this.#accept(hardState, committedEntries);
    return {
      softState: soft ? this.softState : undefined,
      hardState,
      readStates: readStates.length === 0 ? NO_READ_STATES : readStates,
      entries,
      snapshot,
      committedEntries,
      messages: messages.length === 0 ? NO_MESSAGES : messages,
      mustSync,
    };
  }

  /** The last `Ready` is done: written, sent and applied. */
  advance(): void {
    assert(!this.#async, 'with asynchronous writes the responses take the place of advance');
    const steps = this.#stepsOnAdvance;
    this.#stepsOnAdvance = [];
    for (const message of steps) step(this.#raft, message);
  }

  status(): Status {
    const { id, softState } = this;
    const { hardState, log, tracker, leadTransferee } = this.#raft;
    const progress = new Map<NodeId, Progress>();
    if (this.isLeader) {
      for (const member of tracker.ids) {
        const of = tracker.get(member);
        if (of !== undefined) progress.set(member, of);
      }
    }
    const { confState } = tracker;
    return { id, softState, hardState, applied: log.applied, confState, leadTransferee, progress };
  }

  /** Replaces the drawn election timeout until the role changes next; for tests of elections. */
  setElectionTimeout(ticks: number): void {
    this.#raft.electionTimeout = ticks;
  }

  #propose(entries: readonly Entry[]): StepOutcome {
    assert(entries.length > 0, 'a proposal proposes something');
    const message = newMessage('MsgProp', this.id, this.id);
    message.entries = entries;
    return step(this.#raft, message);
  }

  #hardStateChanged(): boolean {
    const { term, vote, commit } = this.#hardState;
    const raft = this.#raft;
    return raft.term !== term || raft.vote !== vote || raft.log.committed !== commit;
  }

  /**
   * What tells this node that all it has handed out so far is durable. It names the end of the log rather
   * than of this write: an answer to an earlier write may have been ignored for its term, and then this one
   * stands in for it. That is safe only because writes end in order and the term in it is checked: within a
   * term nothing on its way to storage can replace what it names.
   */
  #appendDone(snapshot: Snapshot | undefined): Message | undefined {
    const { log, term } = this.#raft;
    const unstable = log.unstable.entries.length > 0;
    if (!unstable && snapshot === undefined) return undefined;
    const done = newMessage('MsgStorageAppendResp', APPEND_THREAD, this.id, term);
    if (unstable) {
      done.index = log.lastIndex;
      done.logTerm = log.lastTerm;
    }
    done.snapshot = snapshot;
    return done;
  }

  #toThreads(
    messages: Message[],
    work: Pick<Ready, 'entries' | 'hardState' | 'snapshot' | 'committedEntries'>,
    appendDone: Message | undefined,
  ): void {
    const { entries, hardState, snapshot, committedEntries } = work;
    const { messagesAfterAppend } = this.#raft;
    const writes = entries.length > 0 || hardState !== undefined || snapshot !== undefined;
    if (writes || messagesAfterAppend.length > 0) {
      const append = newMessage('MsgStorageAppend', this.id, APPEND_THREAD, hardState?.term);
      append.entries = entries;
      append.vote = hardState?.vote ?? NONE;
      append.commit = hardState?.commit ?? 0;
      append.snapshot = snapshot;
      // A copy: an empty list stays in use and must not grow in somebody else's hands.
      const responses = [...messagesAfterAppend];
      if (appendDone !== undefined) responses.push(appendDone);
      append.responses = responses;
      messages.push(append);
    }
    if (committedEntries.length > 0) {
      const apply = newMessage('MsgStorageApply', this.id, APPLY_THREAD);
      apply.entries = committedEntries;
      apply.responses = [this.#applyDone(committedEntries)];
      messages.push(apply);
    }
  }

  #toCaller(messages: Message[], committedEntries: readonly Entry[], appendDone: Message | undefined): void {
    for (const message of this.#raft.messagesAfterAppend) {
      if (message.to === this.id) this.#stepsOnAdvance.push(message);
      else messages.push(message);
    }
    if (appendDone !== undefined) this.#stepsOnAdvance.push(appendDone);
    if (committedEntries.length > 0) this.#stepsOnAdvance.push(this.#applyDone(committedEntries));
  }

  #applyDone(entries: readonly Entry[]): Message {
    const done = newMessage('MsgStorageApplyResp', APPLY_THREAD, this.id);
    done.entries = entries;
    return done;
  }

  #accept(hardState: HardState | undefined, committedEntries: readonly Entry[]): void {
    const raft = this.#raft;
    this.#lead = raft.lead;
    this.#role = raft.role;
    if (hardState !== undefined) this.#hardState = hardState;
    if (raft.messages.length > 0) raft.messages = [];
    if (raft.messagesAfterAppend.length > 0) raft.messagesAfterAppend = [];
    if (raft.readStates.length > 0) raft.readStates = [];
    raft.reads.close();
    raft.log.unstable.acceptInProgress();
    const last = committedEntries.at(-1);
    if (last !== undefined) raft.log.acceptApplying(last.index, encodedBytes(committedEntries), !this.#async);
  }
}
