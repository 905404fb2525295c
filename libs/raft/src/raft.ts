/**
 * One node of a group: the state of figure 2 of the Raft paper, and how it moves between the roles. What a
 * role does with a message is in the files of its name (follower.ts, candidate.ts, leader.ts, …); step.ts
 * decides which of them sees it. Pure: input is messages and ticks, output is messages and what to write.
 * State is mutated in place, for this is the hot path of every commit.
 *
 * 1. `term` and `vote` only ever change together with a message that waits for them to be durable.
 * 2. `messagesAfterAppend` leave only after everything that is unstable now is stable: votes, and
 *    acknowledgements of entries, the own ones included. All other messages may leave at once.
 */
import { assert, randomBelow } from '@ringwatch/kernel';
import { payloadBytes } from './entry-size.ts';
import { RaftLog } from './log.ts';
import { normalized } from './membership.ts';
import {
  newMessage,
  NONE,
  type ConfState,
  type Entry,
  type HardState,
  type Message,
  type NodeId,
  type ReadState,
  type Role,
} from './message.ts';
import { withDefaults, type RaftOptions } from './options.ts';
import { ReadRounds } from './read-rounds.ts';
import { Tracker } from './tracker.ts';

/** What became of a message; a dropped one may be sent again later, or elsewhere. */
export type StepOutcome = 'accepted' | 'dropped';

export class Raft {
  readonly options: Required<RaftOptions>;
  readonly id: NodeId;
  readonly log: RaftLog;
  readonly tracker: Tracker;
  term = 0;
  vote: NodeId = NONE;
  role: Role = 'StateFollower';
  lead: NodeId = NONE;
  /** Whom leadership is being handed to. */
  leadTransferee: NodeId = NONE;
  /** The new leader may be told at any time now, so the lease of this one is void until its term ends. */
  transferOffered = false;
  /** No membership change may be proposed before this index is applied: one may be on its way. */
  pendingConfIndex = 0;
  /** Ticks since the leader was heard of; at the leader, since it last checked its quorum. */
  electionElapsed = 0;
  heartbeatElapsed = 0;
  electionTimeout = 0;
  /** Ticks since the start. */
  ticks = 0;
  messages: Message[] = [];
  messagesAfterAppend: Message[] = [];
  readStates: ReadState[] = [];
  readonly reads = new ReadRounds();
  /** Reads that came before the leader had committed in its term. */
  earlyReads: Message[] = [];
  #uncommittedBytes = 0;

  constructor(options: RaftOptions) {
    this.options = withDefaults(options);
    this.id = options.id;
    const { storage, applied, applyingBytesMax, inflightMessagesMax, inflightBytesMax } = this.options;
    this.log = new RaftLog(storage, applyingBytesMax);
    this.tracker = new Tracker({ messagesMax: inflightMessagesMax, bytesMax: inflightBytesMax });
    const { hardState, confState } = storage.initialState();
    this.adopt(confState);
    this.#load(hardState);
    if (applied > 0) this.#adoptApplied(applied);
    this.becomeFollower(this.term, NONE);
  }

  get hardState(): HardState {
    return { term: this.term, vote: this.vote, commit: this.log.committed };
  }

  /** True when this node may lead: it is a voter, and not in the middle of taking over a snapshot. */
  get promotable(): boolean {
    const progress = this.tracker.get(this.id);
    return progress !== undefined && !progress.isLearner && this.log.unstable.snapshot === undefined;
  }

  /** True once an entry of the own term is committed; before, the commit index may be behind (Raft §8). */
  get hasCommittedInTerm(): boolean {
    return this.log.term(this.log.committed) === this.term;
  }

  /** Takes over the membership of a snapshot, with nothing known of anybody. */
  adopt(confState: ConfState): void {
    const whole = normalized(confState);
    const fresh = new Set([...whole.voters, ...whole.votersOutgoing, ...whole.learners]);
    this.tracker.change({ confState: whole, fresh }, this.log.lastIndex);
  }

  send(message: Message): void {
    switch (message.type) {
      case 'MsgVote':
      case 'MsgPreVote':
        this.messages.push(message);
        return;
      case 'MsgVoteResp':
      case 'MsgPreVoteResp':
        this.messagesAfterAppend.push(message);
        return;
      case 'MsgAppResp':
        message.term = this.term;
        this.messagesAfterAppend.push(message);
        return;
      default:
        // Proposals and reads that are passed on belong to no term.
        if (message.type !== 'MsgProp' && message.type !== 'MsgReadIndex') message.term = this.term;
        assert(message.to !== this.id, 'a node does not send to itself');
        this.messages.push(message);
    }
  }

  becomeFollower(term: number, lead: NodeId): void {
    this.#reset(term);
    this.lead = lead;
    this.role = 'StateFollower';
  }

  becomeCandidate(): void {
    assert(this.role !== 'StateLeader', 'a leader does not campaign');
    this.#reset(this.term + 1);
    this.vote = this.id;
    this.role = 'StateCandidate';
  }

  /** Term and vote stay as they are: a pre-vote only asks (Raft thesis §9.6). */
  becomePreCandidate(): void {
    assert(this.role !== 'StateLeader', 'a leader does not campaign');
    this.tracker.resetVotes();
    this.lead = NONE;
    this.role = 'StatePreCandidate';
  }

  becomeLeader(): void {
    assert(this.role === 'StateCandidate', 'only a candidate becomes leader');
    this.#reset(this.term);
    this.lead = this.id;
    this.role = 'StateLeader';
    const own = this.tracker.get(this.id);
    assert(own !== undefined, 'a leader belongs to its group');
    own.becomeReplicate();
    own.recentActive = true;
    // There may be a membership change in what is not committed yet; looking for it could take long.
    this.pendingConfIndex = this.log.lastIndex;
    this.appendOwn([{ type: 'EntryNormal', data: EMPTY }]);
  }

  /**
   * Appends to the log as leader. False when too much waits to be committed; data of no bytes always fits,
   * for a new term and the end of a joint configuration must go through.
   */
  appendOwn(proposed: readonly Pick<Entry, 'type' | 'data'>[]): boolean {
    const from = this.log.lastIndex + 1;
    const entries: Entry[] = new Array<Entry>(proposed.length);
    for (let i = 0; i < proposed.length; i++) {
      const { type, data } = proposed[i] as Entry;
      entries[i] = { term: this.term, index: from + i, type, data };
    }
    const bytes = payloadBytes(entries);
    const waiting = this.#uncommittedBytes;
    if (waiting > 0 && bytes > 0 && waiting + bytes > this.options.uncommittedBytesMax) return false;
    this.#uncommittedBytes += bytes;
    this.log.append(entries);
    // The own acknowledgement counts like any other: once the entries are durable.
    const ack = newMessage('MsgAppResp', this.id, this.id);
    ack.index = from + entries.length - 1;
    this.send(ack);
    return true;
  }

  /** Tells a node to campaign at once; from now on it may be elected while this one still leads. */
  sendTimeoutNow(to: NodeId): void {
    this.transferOffered = true;
    this.send(newMessage('MsgTimeoutNow', this.id, to));
  }

  /** Entries were applied, so they do not count as waiting any more. */
  freeUncommitted(entries: readonly Entry[]): void {
    this.#uncommittedBytes = Math.max(0, this.#uncommittedBytes - payloadBytes(entries));
  }

  /** A call, for the role may change in the middle of a function and the compiler would think it cannot. */
  isLeader(): boolean {
    return this.role === 'StateLeader';
  }

  /** What was applied was committed, even if the commit index on disk had not come that far. */
  #adoptApplied(index: number): void {
    this.log.commitTo(index);
    this.log.appliedTo(index, 0);
  }

  #load({ term, vote, commit }: HardState): void {
    if (term === 0 && vote === NONE && commit === 0) return;
    this.log.commitTo(commit);
    this.term = term;
    this.vote = vote;
  }

  #reset(term: number): void {
    if (this.term !== term) {
      this.term = term;
      this.vote = NONE;
    }
    this.lead = NONE;
    this.electionElapsed = 0;
    this.heartbeatElapsed = 0;
    const { electionTicks, random } = this.options;
    this.electionTimeout = electionTicks + randomBelow(random, electionTicks);
    this.leadTransferee = NONE;
    this.transferOffered = false;
    this.tracker.resetVotes();
    this.tracker.resetProgress(this.log.lastIndex + 1);
    const own = this.tracker.get(this.id);
    if (own !== undefined) own.match = this.log.lastIndex;
    this.pendingConfIndex = 0;
    this.#uncommittedBytes = 0;
    this.reads.reset();
    this.earlyReads = [];
  }
}

const EMPTY = new Uint8Array(0);
