/**
 * Linearizable reads at the leader (Raft thesis §6.4). A read notes the commit index and waits until a
 * majority has confirmed, *after* the read came, that the leader still leads.
 *
 * 1. Rounds are numbered and never reused while this node lives, so an answer to an old round, late or sent
 *    again, confirms no younger read.
 * 2. An answer to a round confirms every round before it: reads are batched by themselves.
 * 3. A lease is as old as the *sending* of the last confirmed round, and void once leadership was offered.
 * 4. A read may join a round whose heartbeats have not left this node yet; they leave after it came.
 */
import type { Entry, NodeId } from './message.ts';
import { committedIndex, type AckedIndexer, type Electorate } from './quorum.ts';

/** A read that waits; `from` is the node that asked. */
export interface PendingRead {
  readonly from: NodeId;
  readonly entries: readonly Entry[];
  readonly index: number;
  readonly round: number;
}

/** Rounds whose sending is remembered; where none is confirmed for so long, there is no lease anyway. */
const ROUNDS_SENT_MAX = 1024;

export class ReadRounds implements AckedIndexer {
  #round = 0;
  #joinable = false;
  #pending: PendingRead[] = [];
  readonly #acked = new Map<NodeId, number>();
  /** Ticks at which the rounds that no majority has confirmed yet were sent. */
  #sent: { readonly round: number; readonly tick: number }[] = [];
  #confirmedTick = -Infinity;

  /** Last round that anybody waits for; 0 when nobody does. */
  get open(): number {
    return this.#pending.at(-1)?.round ?? 0;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** Tick at which the last confirmed round was sent; -Infinity before the first one. */
  get confirmedTick(): number {
    return this.#confirmedTick;
  }

  /** True while the round that was begun last takes further reads. */
  get joinable(): boolean {
    return this.#joinable;
  }

  /** Begins a round that is sent at `tick`. */
  begin(tick: number): number {
    this.#round++;
    this.#joinable = true;
    if (this.#sent.length === ROUNDS_SENT_MAX) this.#sent.shift();
    this.#sent.push({ round: this.#round, tick });
    return this.#round;
  }

  /** The heartbeats of the last round leave. */
  close(): void {
    this.#joinable = false;
  }

  /** Lets a read wait for the round that was begun last. */
  add(from: NodeId, entries: readonly Entry[], index: number): void {
    this.#pending.push({ from, entries, index, round: this.#round });
  }

  /** Node `id` has answered `round`. @returns the reads that are confirmed by it, oldest first. */
  ack(id: NodeId, round: number, self: NodeId, electorate: Electorate): readonly PendingRead[] {
    if (round < (this.#acked.get(id) ?? 0)) return [];
    this.#acked.set(id, round);
    this.#acked.set(self, this.#round);
    const confirmed = committedIndex(electorate, this);
    while (this.#sent.length > 0 && (this.#sent[0]?.round ?? Infinity) <= confirmed) {
      this.#confirmedTick = this.#sent.shift()?.tick ?? this.#confirmedTick;
    }
    const waiting = this.#pending.findIndex((read) => read.round > confirmed);
    return this.#pending.splice(0, waiting < 0 ? this.#pending.length : waiting);
  }

  ackedIndex(id: NodeId): number {
    return this.#acked.get(id) ?? 0;
  }

  /** Forgets everything but the count of rounds. */
  reset(): void {
    this.#joinable = false;
    this.#pending = [];
    this.#acked.clear();
    this.#sent = [];
    this.#confirmedTick = -Infinity;
  }
}
