/**
 * The log and the small state of one Raft group, as a view on the shared write-ahead log.
 *
 * 1. What is staged is seen by every read at once, and counts as durable when a flush that began later has
 *    completed.
 * 2. Entries that were flushed stay on disk until what replaced or compacted them is durable itself: runs
 *    that die are handed to the flush that makes their death durable.
 * 3. `firstIndex - 1` is the log's start: its term is known although its entry is gone.
 *
 * Mutates owned state; what is appended belongs to the log from then on and must not be changed.
 */
import { assert, Fault } from '@ringwatch/kernel';
import { EMPTY_HARD_STATE, ENTRY_OVERHEAD_BYTES, type Entry, type HardState } from '@ringwatch/raft';
import { EntryWindow, type Cached, type EntryCache } from './entry-cache.ts';
import { RunList, type OnDead } from './run-list.ts';
import { readRuns } from './run-reader.ts';
import type { FrameWriter } from './wal-frame.ts';
import {
  ENTRY_HEADER_BYTES,
  SECTION,
  writeEntries,
  writeSnapshot,
  writeState,
  type LogStart,
  type SnapshotMeta,
} from './wal-section.ts';
import type { WalSegment } from './wal-segment.ts';

/** What a group needs of the log that it shares. */
export interface GroupHost {
  readonly cache: EntryCache;
  /** Must the group not append now, for want of space? */
  refuses(group: number): boolean;
  /** The longest entry that is taken. */
  readonly entryBytesMax: number;
  /** Takes note that something of the group waits, and by how many bytes of entries it changed. */
  staged(group: GroupLog, bytes: number): void;
  segment(number: number): WalSegment;
}

/** A group as it was replayed. */
export interface GroupImage {
  hardState: HardState;
  snapshotMeta: SnapshotMeta | undefined;
  start: LogStart;
  lastIndex: number;
  readonly runs: RunList;
}

/** Bytes that died in a segment. */
export interface Death {
  readonly segment: number;
  sizeBytes: number;
}

export class GroupLog implements Cached {
  readonly id: number;
  readonly #host: GroupHost;
  readonly #runs: RunList;
  readonly #window: EntryWindow;
  #start: LogStart;
  #lastIndex: number;
  #hardState: HardState;
  #snapshotMeta: SnapshotMeta | undefined;
  /** First index that no frame has yet. */
  #stagedFrom: number;
  #stateWaits = false;
  #snapshotWaits = false;
  #mustSync = false;
  #flushedBytes = 0;
  #stagedBytes = 0;
  #deaths: Death[] = [];
  /** Runs of the frame under construction. */
  #written: { first: number; last: number; term: number; at: number; sizeBytes: number }[] = [];
  #exists: boolean;
  #isRemoved = false;

  /** Called by the log; everybody else asks it for `group(id)`. */
  constructor(id: number, host: GroupHost, replayed?: GroupImage) {
    const image = replayed ?? emptyImage();
    this.id = id;
    this.#host = host;
    this.#exists = replayed !== undefined;
    this.#runs = image.runs;
    this.#start = image.start;
    this.#lastIndex = image.lastIndex;
    this.#hardState = image.hardState;
    this.#snapshotMeta = image.snapshotMeta;
    this.#stagedFrom = image.lastIndex + 1;
    this.#window = new EntryWindow(host.cache, image.lastIndex + 1);
    for (let i = 0; i < image.runs.length; i++) this.#flushedBytes += image.runs.run(i).sizeBytes;
  }

  /** First index that can be read, of staged and durable entries; `lastIndex + 1` when there is none. */
  get firstIndex(): number {
    return this.#start.index + 1;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  get hardState(): HardState {
    return this.#hardState;
  }

  /** The newest snapshot, taken or received; its data is not in the log. */
  get snapshotMeta(): SnapshotMeta | undefined {
    return this.#snapshotMeta;
  }

  /** True when something waits that must be durable before it is spoken of. */
  get needsFlush(): boolean {
    return this.#mustSync;
  }

  /** Bytes that the group keeps in the log, framing included: what a full rewrite would cost at most. */
  get liveBytes(): number {
    return this.#flushedBytes + this.#stagedBytes;
  }

  /**
   * True when {@link append} would refuse: the log is beyond its limit and the group holds one of the
   * segments that should go, or there is no room for anybody.
   */
  get pinsOldest(): boolean {
    return this.#host.refuses(this.id);
  }

  /** Bytes of the longest entry that should be appended. */
  get entryBytesMax(): number {
    return this.#host.entryBytesMax;
  }

  /** For the log: false until something is staged. */
  get exists(): boolean {
    return this.#exists;
  }

  /** For the log: true when runs died that the next flush will take note of. */
  get hasDeaths(): boolean {
    return this.#deaths.length > 0;
  }

  /** For the cache: first index in memory. */
  get cachedFrom(): number {
    return this.#isRemoved ? Infinity : this.#window.first;
  }

  /**
   * Term of the entry at `index`, also of the one before the first; undefined when compacted or not there.
   */
  term(index: number): number | undefined {
    if (index === this.#start.index) return this.#start.term;
    if (index < this.#start.index || index > this.#lastIndex) return undefined;
    return index >= this.#window.first ? this.#window.at(index).term : this.#runs.term(index);
  }

  /**
   * Entries of [from, to), cut to `bytesMax` after at least one; undefined when `from` was compacted.
   * Bytes are counted as the core counts them.
   * @throws {Fault} `data_loss` when what is read back from disk is damaged.
   */
  entries(from: number, to: number, bytesMax: number): readonly Entry[] | undefined {
    if (from <= this.#start.index) return undefined;
    assert(to <= this.#lastIndex + 1, 'entries that were never appended are asked for');
    const entries: Entry[] = [];
    let bytes = 0;
    let index = from;
    const take = (entry: Entry): boolean => {
      bytes += entry.data.length + ENTRY_OVERHEAD_BYTES;
      if (entries.length > 0 && bytes > bytesMax) return false;
      entries.push(entry);
      index++;
      return true;
    };
    while (index < Math.min(to, this.#window.first)) {
      const end = Math.min(to, this.#window.first);
      const segment = (number: number): WalSegment => this.#host.segment(number);
      const read = readRuns(this.#runs, segment, this.id, index, end, Math.max(bytesMax - bytes, 0));
      for (const entry of read) if (!take(entry)) return entries;
    }
    for (let held = index; held < to; held++) if (!take(this.#window.at(held))) break;
    return entries;
  }

  /**
   * Adds entries of consecutive indices; what stands at the first one's index and behind is gone.
   * @param isTaken the core has taken them already, so a full log must take them too: whoever asks the core
   *   looks at {@link pinsOldest} before.
   * @throws {Fault} `unavailable`, reason `log_full`: nothing was added.
   */
  append(entries: readonly Entry[], isTaken = false): void {
    const first = entries[0];
    if (first === undefined) return;
    assert(!this.#isRemoved, 'a removed group stages nothing');
    assert(first.index > this.#start.index && first.index <= this.#lastIndex + 1, 'a log has no gaps');
    let bytes = 0;
    for (const { data } of entries) bytes += data.length + ENTRY_HEADER_BYTES;
    if (!isTaken && this.#host.refuses(this.id))
      throw new Fault('unavailable', `the log is full for group ${this.id}`, { reason: 'log_full' });
    this.#truncate(first.index - 1);
    for (const entry of entries) {
      assert(entry.index === ++this.#lastIndex, 'appended entries follow each other');
      this.#window.push(entry);
    }
    this.#stage(true, bytes);
  }

  /** With `mustSync` false, as for a mere advance of `commit`, it only rides along with the next flush. */
  setHardState(hardState: HardState, mustSync: boolean): void {
    this.#hardState = hardState;
    this.#stateWaits = true;
    this.#stage(mustSync);
  }

  /** Replaces the whole log by a received snapshot: the log goes on behind `meta.index`. */
  applySnapshot(meta: SnapshotMeta): void {
    this.#truncate(0);
    this.#start = { index: meta.index, term: meta.term };
    this.#lastIndex = meta.index;
    this.#stagedFrom = meta.index + 1;
    this.#window.clear(meta.index + 1);
    this.#snapshotMeta = meta;
    this.#snapshotWaits = this.#stateWaits = true;
    this.#stage(true);
  }

  /** Notes a snapshot that this node took; the log stays. Rides along with the next flush. */
  saveSnapshotMeta(meta: SnapshotMeta): void {
    this.#snapshotMeta = meta;
    this.#snapshotWaits = true;
    this.#stage(false);
  }

  /** Forgets the entries up to `index`; what to retain is the caller's to decide. Rides along. */
  compact(index: number): void {
    if (index <= this.#start.index) return;
    const term = this.term(index);
    assert(term !== undefined, `the log is compacted behind its end, at ${index}`);
    let bytes = 0;
    for (let staged = this.#stagedFrom; staged <= index; staged++)
      bytes -= this.#window.at(staged).data.length + ENTRY_HEADER_BYTES;
    this.#window.drop(index);
    this.#stagedFrom = Math.max(this.#stagedFrom, index + 1);
    this.#start = { index, term };
    this.#runs.compact(index, this.#onDead);
    this.#stateWaits = true;
    this.#stage(false, bytes);
  }

  /** For the cache: forgets flushed entries up to `index`. */
  evict(index: number): void {
    this.#window.drop(Math.min(index, this.#stagedFrom - 1));
  }

  /** For the log: the group is gone, and so is what it holds once that is durable. */
  remove(): void {
    this.#truncate(0);
    this.#isRemoved = true;
  }

  /** For the log: the runs that hold entries, oldest first. */
  get runs(): RunList {
    return this.#runs;
  }

  /** For the log: writes what stands before entries; with `whole` also what is durable already. */
  writeState(frame: FrameWriter, whole: boolean): void {
    if (this.#snapshotMeta !== undefined && (this.#snapshotWaits || whole))
      writeSnapshot(frame, this.id, this.#snapshotMeta);
    if (!this.#stateWaits && !whole) return;
    const [hardState, start, lastIndex] = [this.#hardState, this.#start, this.#lastIndex];
    writeState(frame, this.id, { hardState, start, lastIndex });
  }

  /** For the log: writes entries of older runs again, those that are still part of the log. */
  writeMoved(frame: FrameWriter, entries: readonly Entry[]): void {
    const end = Math.min(this.#stagedFrom - 1, this.#runs.length > 0 ? this.#runs.last : 0);
    const live = entries.filter(({ index }) => index > this.#start.index && index <= end);
    this.#writeEntries(frame, SECTION.moved, live);
  }

  /** For the log: writes the entries that wait. */
  writeStaged(frame: FrameWriter): void {
    this.#writeEntries(frame, SECTION.entries, this.#window.from(this.#stagedFrom));
  }

  /** For the log: a frame is built, perhaps anew. */
  beginFrame(): void {
    this.#written = [];
  }

  /**
   * For the log: what the last frame has of the group now stands in `segment`. Returns the bytes of entries
   * that wait no longer.
   */
  placeWritten(segment: WalSegment, frameAt: number): number {
    for (const { at, ...written } of this.#written) {
      this.#runs.place({ ...written, segment: segment.number, at: frameAt + at }, this.#onDead);
      segment.hold(this.id, written.sizeBytes);
      this.#flushedBytes += written.sizeBytes;
    }
    // A moved run takes the live part of an older one, which may have begun with compacted entries.
    this.#runs.compact(this.#start.index, this.#onDead);
    this.#written = [];
    if (this.#stagedFrom <= this.#lastIndex) this.#host.cache.flushed(this, this.#lastIndex);
    this.#stagedFrom = this.#lastIndex + 1;
    this.#stateWaits = this.#snapshotWaits = this.#mustSync = false;
    const bytes = this.#stagedBytes;
    this.#stagedBytes = 0;
    return bytes;
  }

  /** For the log: what died since the last call; its death is durable with the flush that takes it. */
  takeDeaths(): Death[] {
    const deaths = this.#deaths;
    this.#deaths = [];
    return deaths;
  }

  #writeEntries(frame: FrameWriter, kind: number, entries: readonly Entry[]): void {
    for (let from = 0; from < entries.length;) {
      const at = frame.at;
      const to = writeEntries(frame, this.id, kind, entries, from);
      const [first, last] = [entries[from] as Entry, entries[to - 1] as Entry];
      const sizeBytes = frame.endSection();
      this.#written.push({ first: first.index, last: last.index, term: first.term, at, sizeBytes });
      from = to;
    }
  }

  #truncate(last: number): void {
    let bytes = 0;
    for (let index = Math.max(this.#stagedFrom, last + 1); index <= this.#lastIndex; index++)
      bytes -= this.#window.at(index).data.length + ENTRY_HEADER_BYTES;
    this.#window.truncate(last);
    this.#runs.truncate(last, this.#onDead);
    this.#lastIndex = last;
    this.#stagedFrom = Math.min(this.#stagedFrom, last + 1);
    this.#count(bytes);
  }

  #stage(mustSync: boolean, bytes = 0): void {
    assert(!this.#isRemoved, 'a removed group stages nothing');
    this.#exists = true;
    this.#mustSync ||= mustSync;
    this.#count(bytes);
  }

  #count(bytes: number): void {
    this.#stagedBytes += bytes;
    this.#host.staged(this, bytes);
  }

  readonly #onDead: OnDead = (segment, sizeBytes) => {
    this.#flushedBytes -= sizeBytes;
    const last = this.#deaths.at(-1);
    if (last?.segment === segment) last.sizeBytes += sizeBytes;
    else this.#deaths.push({ segment, sizeBytes });
  };
}

function emptyImage(): GroupImage {
  return {
    hardState: EMPTY_HARD_STATE,
    snapshotMeta: undefined,
    start: { index: 0, term: 0 },
    lastIndex: 0,
    runs: new RunList(),
  };
}
