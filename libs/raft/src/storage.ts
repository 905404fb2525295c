/**
 * What the core reads of what was written down: the port that a log on disk implements, and its twin in
 * memory beside it (memory-storage.ts). Reads are synchronous, for the core is; writing is the driver's.
 */
import type { ConfState, Entry, HardState, Snapshot } from './message.ts';

export interface Storage {
  /** State at the start: of the last run, or empty ones. */
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };
  /** First index that can be read; one after the snapshot's when nothing follows it. */
  firstIndex(): number;
  /** Last index written; `firstIndex() - 1` when there is none. */
  lastIndex(): number;
  /**
   * Term of the entry at `index`, also of the one just before `firstIndex()`; undefined when it was compacted
   * or not written yet.
   */
  term(index: number): number | undefined;
  /**
   * Entries of [from, to), cut to `bytesMax` after at least one; undefined when `from` was compacted. Both
   * ends lie within what was written.
   */
  entries(from: number, to: number, bytesMax: number): readonly Entry[] | undefined;
  /** The newest snapshot; undefined while one is being taken. */
  snapshot(): Snapshot | undefined;
}
