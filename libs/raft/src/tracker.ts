/**
 * Who belongs to the group, how far each of them is, and who voted how. Members are kept in the order of
 * their ids, so that a run is the same every time.
 */
import type { InflightLimits } from './inflights.ts';
import { memberIds, type MembershipChange } from './membership.ts';
import { EMPTY_CONF_STATE, type ConfState, type NodeId } from './message.ts';
import { Progress } from './progress.ts';
import { committedIndex, voteResult, type AckedIndexer, type VoteResult } from './quorum.ts';

/** Votes counted so far. */
export interface Tally {
  readonly granted: number;
  readonly rejected: number;
  readonly result: VoteResult;
}

export class Tracker implements AckedIndexer {
  confState: ConfState = EMPTY_CONF_STATE;
  ids: readonly NodeId[] = [];
  #progress = new Map<NodeId, Progress>();
  readonly #votes = new Map<NodeId, boolean>();
  readonly #limits: InflightLimits;

  constructor(limits: InflightLimits) {
    this.#limits = limits;
  }

  get(id: NodeId): Progress | undefined {
    return this.#progress.get(id);
  }

  /**
   * Takes over the next configuration. Nodes that are new in it count as active, or a check of the quorum
   * could fail before they had a chance to answer.
   */
  change({ confState, fresh }: MembershipChange, lastIndex: number): void {
    const before = this.#progress;
    this.confState = confState;
    this.ids = memberIds(confState);
    this.#progress = new Map();
    const learners = new Set(confState.learners);
    for (const id of this.ids) {
      const known = fresh.has(id) ? undefined : before.get(id);
      const progress = known ?? new Progress(Math.max(lastIndex, 1), false, this.#limits);
      if (known === undefined) progress.recentActive = true;
      progress.isLearner = learners.has(id);
      this.#progress.set(id, progress);
    }
  }

  /** Forgets how far anybody is; the log goes on at `next`. */
  resetProgress(next: number): void {
    for (const id of this.ids) {
      const isLearner = this.#progress.get(id)?.isLearner ?? false;
      this.#progress.set(id, new Progress(next, isLearner, this.#limits));
    }
  }

  ackedIndex(id: NodeId): number | undefined {
    return this.#progress.get(id)?.match;
  }

  /** Highest index that the group has. */
  committed(): number {
    return committedIndex(this.confState, this);
  }

  /** True when those heard of lately can decide. */
  quorumActive(): boolean {
    const active = new Map<NodeId, boolean>();
    for (const [id, progress] of this.#progress) {
      if (!progress.isLearner) active.set(id, progress.recentActive);
    }
    return voteResult(this.confState, active) === 'VoteWon';
  }

  /** True when `id` decides alone: no other vote counts. */
  isSoleVoter(id: NodeId): boolean {
    const { voters, votersOutgoing } = this.confState;
    return voters.length === 1 && voters[0] === id && votersOutgoing.length === 0;
  }

  isVoter(id: NodeId): boolean {
    return this.confState.voters.includes(id) || this.confState.votersOutgoing.includes(id);
  }

  resetVotes(): void {
    this.#votes.clear();
  }

  /** Counts the first vote of each node; a vote that comes twice changes nothing. */
  recordVote(id: NodeId, granted: boolean): void {
    if (!this.#votes.has(id)) this.#votes.set(id, granted);
  }

  /** True when the vote of `id` was counted. */
  hasVoted(id: NodeId): boolean {
    return this.#votes.has(id);
  }

  tally(): Tally {
    let granted = 0;
    let rejected = 0;
    for (const [id, progress] of this.#progress) {
      const vote = this.#votes.get(id);
      if (progress.isLearner || vote === undefined) continue;
      if (vote) granted++;
      else rejected++;
    }
    return { granted, rejected, result: voteResult(this.confState, this.#votes) };
  }
}
