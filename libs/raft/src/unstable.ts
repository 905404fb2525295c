/**
 * What the log has got and storage does not have for certain yet: entries, or a snapshot in front of them.
 *
 * 1. `entries[i]` has the index `offset + i`; `offset` may lie before storage's end, which then is replaced.
 * 2. Entries before `inProgress` are handed out and being written; they stay readable here until they are
 *    known to be stable *and* nothing on its way to storage can overwrite them.
 */
import { assert } from '@ringwatch/kernel';
import { NO_ENTRIES, type Entry, type Snapshot } from './message.ts';

export class Unstable {
  /** Index of the first entry here. */
  offset: number;
  entries: Entry[] = [];
  snapshot: Snapshot | undefined;
  /** One after the last index that is handed out for writing. */
  inProgress: number;
  #snapshotInProgress = false;

  constructor(offset: number) {
    this.offset = offset;
    this.inProgress = offset;
  }

  /** Index after the last one here. */
  get end(): number {
    return this.offset + this.entries.length;
  }

  term(index: number): number | undefined {
    if (index >= this.offset) return this.entries[index - this.offset]?.term;
    return this.snapshot?.index === index ? this.snapshot.term : undefined;
  }

  /** Entries of [from, to), all of which must be here. */
  slice(from: number, to: number): readonly Entry[] {
    assert(
      from >= this.offset && from <= to && to <= this.end,
      'entries that are not unstable are asked for',
    );
    return this.entries.slice(from - this.offset, to - this.offset);
  }

  get hasNextEntries(): boolean {
    return this.end > this.inProgress;
  }

  /** Entries that wait to be written. */
  nextEntries(): readonly Entry[] {
    return this.hasNextEntries ? this.entries.slice(this.inProgress - this.offset) : NO_ENTRIES;
  }

  /** The snapshot that waits to be written. */
  nextSnapshot(): Snapshot | undefined {
    return this.#snapshotInProgress ? undefined : this.snapshot;
  }

  /** All that waits is being written from now on. */
  acceptInProgress(): void {
    if (this.entries.length > 0) this.inProgress = this.end;
    if (this.snapshot !== undefined) this.#snapshotInProgress = true;
  }

  /** Storage has the entries up to this one. A mismatch means that they were replaced meanwhile: no news. */
  stableTo(index: number, term: number): void {
    if (index < this.offset || this.term(index) !== term) return;
    if (index + 1 === this.end) this.entries = [];
    else this.entries.splice(0, index + 1 - this.offset);
    this.offset = index + 1;
    this.inProgress = Math.max(this.inProgress, this.offset);
  }

  /** Storage has the snapshot. */
  stableSnapshotTo(index: number): void {
    if (this.snapshot?.index !== index) return;
    this.snapshot = undefined;
    this.#snapshotInProgress = false;
  }

  /** Begins anew after `snapshot`. */
  restore(snapshot: Snapshot): void {
    this.offset = snapshot.index + 1;
    this.inProgress = this.offset;
    this.entries = [];
    this.snapshot = snapshot;
    this.#snapshotInProgress = false;
  }

  /** Puts `entries` in place; what stood at their first index and after it is gone. */
  truncateAndAppend(entries: readonly Entry[]): void {
    const from = (entries[0] as Entry).index;
    if (from <= this.offset) {
      this.offset = from;
      this.inProgress = from;
      this.entries = entries.slice();
      return;
    }
    assert(from <= this.end, 'the log would get a gap');
    if (from < this.end) {
      this.entries.length = from - this.offset;
      this.inProgress = Math.min(this.inProgress, from);
    }
    for (const entry of entries) this.entries.push(entry);
  }
}
