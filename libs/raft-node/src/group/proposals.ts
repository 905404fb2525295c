/**
 * Proposals between being taken into the leader's log and being applied. An entry is identified by index and
 * term, so its fate is known as soon as its index is applied: it was this entry, or another one took its
 * place and it will never count.
 */
import { assert, Fault } from '@ringwatch/kernel';
import type { Entry } from '@ringwatch/raft';

/** Where a proposal stands in the log. */
export interface LogPosition {
  readonly index: number;
  readonly term: number;
}

/** A proposal and who waits for it. */
export interface Proposal {
  readonly data: Uint8Array;
  readonly resolve: (proposed: LogPosition) => void;
  readonly reject: (fault: Fault) => void;
}

interface Pending extends LogPosition {
  readonly proposal: Proposal;
  readonly deadlineTick: number;
}

export class Proposals {
  /** By index; those of the same index are of different terms. */
  #pending: Pending[] = [];
  /** Those before this position are settled; to cut the array at every apply would be quadratic. */
  #head = 0;

  get count(): number {
    return this.#pending.length - this.#head;
  }

  /** Takes note of proposals that were appended from `firstIndex` on. */
  add(proposals: readonly Proposal[], firstIndex: number, term: number, deadlineTick: number): void {
    const last = this.#pending.at(-1);
    for (const [i, proposal] of proposals.entries()) {
      this.#pending.push({ index: firstIndex + i, term, proposal, deadlineTick });
    }
    // What an earlier term of this leader has left behind may lie further on, and may still come to count.
    if (last !== undefined && last.index >= firstIndex) {
      this.#keep(this.#pending.slice(this.#head).sort((a, b) => a.index - b.index));
    }
  }

  /** Settles the proposals whose indices `entries` cover, which have just been applied. */
  applied(entries: readonly Entry[]): void {
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) return;
    for (; this.#head < this.#pending.length; this.#head++) {
      const { index, term, proposal } = this.#pending[this.#head] as Pending;
      if (index > last.index) return;
      assert(index >= first.index, 'a proposal was passed over');
      if (entries[index - first.index]?.term === term) proposal.resolve({ index, term });
      else proposal.reject(superseded(index));
    }
    this.#keep([]);
  }

  /** A snapshot took the place of the log up to `index`: what became of these proposals is not known here. */
  restored(index: number): void {
    this.#rejectAll((pending) => pending.index <= index, unknownOutcome());
  }

  /** Gives up those that wait too long; they may still be applied. */
  expire(tick: number): void {
    if (this.count > 0) this.#rejectAll((pending) => pending.deadlineTick <= tick, unknownOutcome());
  }

  /** The group will not settle anything any more; what is in other nodes' logs may count all the same. */
  fail(fault: Fault): void {
    this.#rejectAll(() => true, unknownOutcome(fault));
  }

  #rejectAll(matches: (pending: Pending) => boolean, fault: Fault): void {
    const pending = this.#pending.slice(this.#head);
    const rejected = pending.filter(matches);
    if (rejected.length === 0) return;
    this.#keep(pending.filter((one) => !matches(one)));
    for (const { proposal } of rejected) proposal.reject(fault);
  }

  #keep(pending: Pending[]): void {
    this.#pending = pending;
    this.#head = 0;
  }
}

function superseded(index: number): Fault {
  const message = `another leader's entry took the place of the proposal at ${index}`;
  return new Fault('aborted', message, { reason: 'proposal_superseded' });
}

function unknownOutcome(cause?: Fault): Fault {
  const message = 'the proposal was not seen to be applied; it may still be, or have been';
  return new Fault('deadline_exceeded', message, { reason: 'proposal_unknown', cause });
}
