/** The log in memory: the storage of tests, examples and simulations. Loses everything with the process. */
import { assert } from '@ringwatch/kernel';
import { withinBytes } from './entry-size.ts';
import {
  EMPTY_CONF_STATE,
  EMPTY_HARD_STATE,
  NO_DATA,
  type ConfState,
  type Entry,
  type HardState,
  type Snapshot,
} from './message.ts';
import type { Storage } from './storage.ts';

export class MemoryStorage implements Storage {
  #hardState: HardState = EMPTY_HARD_STATE;
  #snapshot: Snapshot = { index: 0, term: 0, confState: EMPTY_CONF_STATE, data: NO_DATA };
  /** Index and term of the entry before the first one that is kept. */
  #before = { index: 0, term: 0 };
  #entries: Entry[] = [];

  /**
   * Storage of a group's first start, the same on every first member; whoever joins later starts with an
   * empty one. The log begins after a snapshot with index and term 1, so that newcomers get the members by
   * snapshot, not a log that does not name them.
   */
  static of(confState: ConfState, data = NO_DATA): MemoryStorage {
    const storage = new MemoryStorage();
    storage.applySnapshot({ index: 1, term: 1, confState, data });
    return storage;
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#snapshot.confState };
  }

  firstIndex(): number {
    return this.#before.index + 1;
  }

  lastIndex(): number {
    return this.#before.index + this.#entries.length;
  }

  term(index: number): number | undefined {
    if (index === this.#before.index) return this.#before.term;
    return this.#entries[index - this.#before.index - 1]?.term;
  }

  entries(from: number, to: number, bytesMax: number): readonly Entry[] | undefined {
    if (from <= this.#before.index) return undefined;
    assert(to <= this.lastIndex() + 1, 'entries that were never written are asked for');
    return withinBytes(
      this.#entries.slice(from - this.#before.index - 1, to - this.#before.index - 1),
      bytesMax,
    );
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  setHardState(hardState: HardState): void {
    this.#hardState = hardState;
  }

  /** Writes `entries`; what stood at their first index and after it is gone. */
  append(entries: readonly Entry[]): void {
    const skipped = entries.length > 0 ? this.firstIndex() - (entries[0] as Entry).index : 0;
    const from = Math.max(skipped, 0);
    if (from >= entries.length) return;
    const at = from - skipped;
    assert(at <= this.#entries.length, 'the log would get a gap');
    if (at < this.#entries.length) this.#entries.length = at;
    for (let i = from; i < entries.length; i++) this.#entries.push(entries[i] as Entry);
  }

  /** Takes over another node's snapshot in place of the whole log. False when the own one is newer. */
  applySnapshot(snapshot: Snapshot): boolean {
    if (snapshot.index <= this.#snapshot.index) return false;
    this.#snapshot = snapshot;
    this.#before = { index: snapshot.index, term: snapshot.term };
    this.#entries = [];
    return true;
  }

  /** Notes an own snapshot; the log stays. */
  saveSnapshot(snapshot: Snapshot): void {
    if (snapshot.index > this.#snapshot.index) this.#snapshot = snapshot;
  }

  /** Forgets the entries up to `index`. */
  compact(index: number): void {
    const term = this.term(index);
    if (index <= this.#before.index || term === undefined) return;
    this.#entries.splice(0, index - this.#before.index);
    this.#before = { index, term };
  }
}
