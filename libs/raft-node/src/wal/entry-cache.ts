/**
 * Recent entries of all groups in memory, bounded together: the oldest flush is forgotten first, whichever
 * group it belongs to.
 *
 * 1. A window holds the last entries of its group without gaps, what waits for a flush included.
 * 2. Only flushed entries are evicted. What waits for a flush counts, so it pushes the others out.
 */
import type { Entry } from '@ringwatch/raft';

/** What an entry costs in memory besides its data, about. */
export const CACHED_ENTRY_BYTES = 96;
/** Notes of flushes whose entries went otherwise are swept when this many more have come. */
const SWEEP_NOTES = 1024;

/** The entries in memory of one group: consecutive indices up to the last one of its log. */
export class EntryWindow {
  readonly #cache: EntryCache;
  /** Undefined in front: dropped and not yet cut off. */
  #entries: (Entry | undefined)[] = [];
  #dropped = 0;
  #first: number;

  /** @param first index of the entry that will be pushed first. */
  constructor(cache: EntryCache, first: number) {
    this.#cache = cache;
    this.#first = first;
  }

  /** First index held; one after the last of the log when nothing is. */
  get first(): number {
    return this.#first;
  }

  /** The entry at `index`, which must be held. */
  at(index: number): Entry {
    return this.#entries[index - this.#first + this.#dropped] as Entry;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#cache.bytes += entry.data.length + CACHED_ENTRY_BYTES;
  }

  /** The entries from `from` on, which must be held or the next to come. */
  from(from: number): Entry[] {
    return this.#entries.slice(from - this.#first + this.#dropped) as Entry[];
  }

  /** Forgets what is behind index `last`; the next one pushed is `last + 1`. */
  truncate(last: number): void {
    const left = Math.max(last + 1 - this.#first, 0) + this.#dropped;
    while (this.#entries.length > left) this.#uncount(this.#entries.pop() as Entry);
    if (last + 1 < this.#first) this.#restart(last + 1);
  }

  /** Forgets what is up to and with `index`. */
  drop(index: number): void {
    const count = Math.min(index + 1 - this.#first, this.#entries.length - this.#dropped);
    for (let i = 0; i < count; i++) {
      this.#uncount(this.#entries[this.#dropped] as Entry);
      this.#entries[this.#dropped++] = undefined;
      this.#first++;
    }
    if (this.#dropped === this.#entries.length) this.#restart(Math.max(this.#first, index + 1));
    else if (this.#dropped * 2 > this.#entries.length) this.#cutOff();
  }

  /** Forgets everything; the next one pushed is `first`. */
  clear(first: number): void {
    this.truncate(this.#first - 1);
    this.#restart(first);
  }

  #restart(first: number): void {
    this.#entries = [];
    this.#dropped = 0;
    this.#first = first;
  }

  #cutOff(): void {
    this.#entries = this.#entries.slice(this.#dropped);
    this.#dropped = 0;
  }

  #uncount(entry: Entry): void {
    this.#cache.bytes -= entry.data.length + CACHED_ENTRY_BYTES;
  }
}

/** A group as the cache sees it. */
export interface Cached {
  /** First index in memory. */
  readonly cachedFrom: number;
  /** Forgets entries up to `index` as far as they were flushed. */
  evict(index: number): void;
}

export class EntryCache {
  readonly #limitBytes: number;
  /** Flushes in order, each with the last index that it brought to a group. */
  #notes: { group: Cached; last: number }[] = [];
  #head = 0;
  #sweepAt = SWEEP_NOTES;
  /** What all windows hold; they keep it. */
  bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Flushes that it remembers. */
  get notes(): number {
    return this.#notes.length - this.#head;
  }

  /** Notes that a group's entries up to `last` were flushed, and evicts the oldest beyond the limit. */
  flushed(group: Cached, last: number): void {
    this.#notes.push({ group, last });
    while (this.bytes > this.#limitBytes && this.#head < this.#notes.length) {
      const note = this.#notes[this.#head++] as { group: Cached; last: number };
      note.group.evict(note.last);
    }
    if (this.#notes.length >= this.#sweepAt) this.#sweep();
  }

  #sweep(): void {
    this.#notes = this.#notes.filter(({ group, last }, i) => i >= this.#head && group.cachedFrom <= last);
    this.#head = 0;
    this.#sweepAt = this.#notes.length * 2 + SWEEP_NOTES;
  }
}
