/**
 * The log as the algorithm sees it: storage, and on top of it what is unstable.
 *
 * 1. applied <= applying <= committed <= lastIndex, and none of them ever goes back.
 * 2. What is committed is never replaced: an append that would is our bug and crashes.
 */
import { assert, Fault } from '@ringwatch/kernel';
import { encodedBytes, withinBytes } from './entry-size.ts';
import { NO_ENTRIES, type Entry, type Snapshot } from './message.ts';
import type { Storage } from './storage.ts';
import { Unstable } from './unstable.ts';

export class RaftLog {
  readonly unstable: Unstable;
  committed: number;
  /** Last index handed out to be applied. */
  applying: number;
  applied: number;
  #applyingBytes = 0;
  #applyingPaused = false;
  readonly #storage: Storage;
  readonly #applyingBytesMax: number;

  /** @param applyingBytesMax bytes of entries that may be handed out and not yet applied. */
  constructor(storage: Storage, applyingBytesMax: number) {
    this.#storage = storage;
    this.#applyingBytesMax = applyingBytesMax;
    const before = storage.firstIndex() - 1;
    this.unstable = new Unstable(storage.lastIndex() + 1);
    this.committed = before;
    this.applying = before;
    this.applied = before;
  }

  get firstIndex(): number {
    const { snapshot } = this.unstable;
    return snapshot === undefined ? this.#storage.firstIndex() : snapshot.index + 1;
  }

  /** What is unstable begins where storage ends, also while it is nothing. */
  get lastIndex(): number {
    return this.unstable.end - 1;
  }

  get lastTerm(): number {
    const term = this.term(this.lastIndex);
    assert(term !== undefined, 'the last entry has a term');
    return term;
  }

  /** Term of the entry at `index`; undefined when it was compacted or is not there yet. */
  term(index: number): number | undefined {
    const { unstable } = this;
    if (index >= unstable.offset || unstable.snapshot !== undefined) return unstable.term(index);
    return this.#storage.term(index);
  }

  matches(index: number, term: number): boolean {
    return this.term(index) === term;
  }

  /** Whether a log that ends so may lead ours (Raft §5.4.1). */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    const ours = this.lastTerm;
    return lastTerm > ours || (lastTerm === ours && lastIndex >= this.lastIndex);
  }

  /** Entries from `from` on, cut to `bytesMax`; undefined when they were compacted. */
  entriesFrom(from: number, bytesMax: number): readonly Entry[] | undefined {
    const end = this.lastIndex + 1;
    return from >= end ? NO_ENTRIES : this.slice(from, end, bytesMax);
  }

  /** Entries of [from, to), cut to `bytesMax` after at least one; undefined when they were compacted. */
  slice(from: number, to: number, bytesMax: number): readonly Entry[] | undefined {
    const { offset } = this.unstable;
    if (from >= offset) return withinBytes(this.unstable.slice(from, to), bytesMax);
    if (from < this.firstIndex) return undefined;
    const cut = Math.min(to, offset);
    const stable = this.#storage.entries(from, cut, bytesMax);
    if (stable === undefined || to <= offset || stable.length < cut - from) return stable;
    const room = bytesMax - encodedBytes(stable);
    if (room <= 0) return stable;
    const rest = withinBytes(this.unstable.slice(offset, to), room);
    return rest.length === 1 && encodedBytes(rest) > room ? stable : [...stable, ...rest];
  }

  /** Appends to our own log. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    assert(first.index > this.committed, 'a committed entry would be replaced');
    this.unstable.truncateAndAppend(entries);
  }

  /**
   * Appends what a leader sent after the entry (`prevIndex`, `prevTerm`), as far as it is new, and moves the
   * commit index (Raft, figure 2: AppendEntries 2–5). Entries that are there already are left alone: an old
   * message must not cut off what came after it.
   * @returns the last index that now agrees with the leader's log, or undefined when the logs part before it.
   */
  appendAfter(
    prevIndex: number,
    prevTerm: number,
    entries: readonly Entry[],
    commit: number,
  ): number | undefined {
    if (!this.matches(prevIndex, prevTerm)) return undefined;
    const agreed = prevIndex + entries.length;
    const known = this.#knownOf(entries);
    if (known < entries.length) this.append(known === 0 ? entries : entries.slice(known));
    this.commitTo(Math.min(commit, agreed));
    return agreed;
  }

  /**
   * Highest index up to `index` at which a log with an entry of `term` there may agree with ours; its term,
   * or 0 when that is not known any more.
   */
  agreementGuess(index: number, term: number): { readonly index: number; readonly term: number } {
    for (let guess = index; guess > 0; guess--) {
      const ours = this.term(guess);
      if (ours === undefined) return { index: guess, term: 0 };
      if (ours <= term) return { index: guess, term: ours };
    }
    return { index: 0, term: 0 };
  }

  /**
   * Never goes back.
   * @throws {Fault} `data_loss` when the entry is not there: this node has lost what it had acknowledged.
   */
  commitTo(index: number): void {
    if (index <= this.committed) return;
    if (index > this.lastIndex) {
      const message = `entry ${index} is committed, but the log ends at ${this.lastIndex}: its tail was lost`;
      throw new Fault('data_loss', message, { reason: 'raft_log_lost' });
    }
    this.committed = index;
  }

  /** Commits up to `index` if that entry is of `term`: older ones commit only with it (Raft §5.4.2). */
  maybeCommit(index: number, term: number): boolean {
    if (index <= this.committed || !this.matches(index, term)) return false;
    this.commitTo(index);
    return true;
  }

  /** True when committed entries can be handed out. */
  hasNextCommitted(allowUnstable: boolean): boolean {
    if (this.#applyingPaused || this.unstable.snapshot !== undefined) return false;
    return this.applying < this.#appliableIndex(allowUnstable);
  }

  /** Committed entries to apply next, within what may be on its way. */
  nextCommitted(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return NO_ENTRIES;
    const room = this.#applyingBytesMax - this.#applyingBytes;
    const entries = this.slice(this.applying + 1, this.#appliableIndex(allowUnstable) + 1, room);
    assert(entries !== undefined, 'what is not applied yet is not compacted');
    return entries;
  }

  /** The entries up to `index` are being applied. */
  acceptApplying(index: number, bytes: number, allowUnstable: boolean): void {
    this.applying = index;
    this.#applyingBytes += bytes;
    this.#applyingPaused =
      this.#applyingBytes >= this.#applyingBytesMax || index < this.#appliableIndex(allowUnstable);
  }

  appliedTo(index: number, bytes: number): void {
    assert(index >= this.applied && index <= this.committed, 'entries were applied out of order');
    this.applied = index;
    this.applying = Math.max(this.applying, index);
    this.#applyingBytes = Math.max(0, this.#applyingBytes - bytes);
    this.#applyingPaused = this.#applyingBytes >= this.#applyingBytesMax;
  }

  snapshot(): Snapshot | undefined {
    return this.unstable.snapshot ?? this.#storage.snapshot();
  }

  /** Begins anew after another node's snapshot. */
  restore(snapshot: Snapshot): void {
    this.committed = snapshot.index;
    this.unstable.restore(snapshot);
  }

  /** How many of `entries`, from the first one on, are in the log already. */
  #knownOf(entries: readonly Entry[]): number {
    let known = 0;
    while (
      known < entries.length &&
      this.matches((entries[known] as Entry).index, (entries[known] as Entry).term)
    )
      known++;
    return known;
  }

  #appliableIndex(allowUnstable: boolean): number {
    return allowUnstable ? this.committed : Math.min(this.committed, this.unstable.offset - 1);
  }
}
