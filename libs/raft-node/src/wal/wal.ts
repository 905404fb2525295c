/**
 * The write-ahead log that all Raft groups of a process share: one frame, one write and one sync per flush,
 * whatever the number of groups (docs/formats/wal.md draws the bytes).
 *
 * 1. A flush is atomic: term, vote and entries of all groups become durable together, or none does.
 * 2. One flush is in flight at a time; what is staged meanwhile waits for the next, unless the frame itself
 *    has to wait for a segment to be made.
 * 3. After a sync that failed nothing is acknowledged any more, for the kernel may have dropped the pages
 *    that it could not write (Rebello et al., USENIX ATC 2020). A full disk breaks nothing: what is staged
 *    waits.
 * 4. A segment is freed when nothing in it is needed, which a durable frame must say before its file is used
 *    again.
 * 5. What replay found may be in the kernel's memory only, so the first flush syncs it before anything is
 *    appended or a file is used again, and nothing must be said to other nodes before that.
 */
import { dirname } from 'node:path';
import { assert, Fault, randomBelow, type Random } from '@ringwatch/kernel';
import { EntryCache } from './entry-cache.ts';
import { buildFlushFrame, type FlushFrame } from './flush-frame.ts';
import { GroupLog, type Death, type GroupHost } from './group-log.ts';
import { SegmentChain } from './segment-chain.ts';
import { SegmentSupply } from './segment-supply.ts';
import { FrameWriter } from './wal-frame.ts';
import { movable, readMoves, type Move } from './wal-moves.ts';
import {
  LIMIT_FACTOR,
  STAGED_BYTES_MAX,
  withDefaults,
  type WalOptions,
  type WalStats,
} from './wal-options.ts';
import { replayWal, type Replayed } from './wal-replay.ts';
import type { WalSegment } from './wal-segment.ts';

/** How long a full disk is left alone before a segment is prepared again. */
const FULL_DISK_PAUSE_MS = 1_000;
/** On a full disk this part of the last segment is left to terms and votes. */
const RESERVED_SHARE = 1 / 8;
const GROUP_MAX = 2 ** 32 - 1;
/** Half of what fits into a message to a peer; and this part of a small log, so that it can go on. */
const ENTRY_BYTES_MAX = 32 * 1024 * 1024;
const ENTRY_SHARE = 1 / 8;

type Done = (fault?: Fault) => void;

export class Wal {
  /** 32 hex digits, chosen when the log is made. */
  readonly walId: string;
  readonly #options: Required<WalOptions>;
  readonly #host: GroupHost;
  readonly #supply: SegmentSupply;
  readonly #writer = new FrameWriter();
  readonly #groups = new Map<number, GroupLog>();
  /** Groups with something staged. */
  readonly #dirty = new Set<GroupLog>();
  #removed: GroupLog[] = [];
  #moves: Move[] = [];
  readonly #chain: SegmentChain;
  #frames: number;
  #stagedBytes = 0;
  /** Flushes at the last call of {@link Wal.prepare}. */
  #flushesSeen = 0;
  #isSynced = false;
  #isFlushing = false;
  #reclaimWaits = false;
  #broken: Fault | undefined;
  #isClosed = false;
  #retryAtMs = 0;
  #stats = { flushes: 0, syncLastMs: 0, syncMaxMs: 0, bytesWritten: 0, movedBytes: 0, segmentsFreed: 0 };

  private constructor(options: Required<WalOptions>, replayed: Replayed) {
    const { disk, folder, segmentBytes, random } = options;
    this.#options = options;
    this.walId = replayed.walId ?? newWalId(random);
    this.#chain = new SegmentChain(replayed.chain, segmentBytes);
    this.#frames = replayed.frames;
    this.#host = {
      cache: new EntryCache(options.cacheBytes),
      staged: (group, bytes) => this.#staged(group, bytes),
      segment: (number) => this.#chain.segment(number),
      refuses: (group) => this.#refuses(group),
      entryBytesMax: Math.min(ENTRY_BYTES_MAX, options.limitBytes * ENTRY_SHARE),
    };
    for (const [id, image] of replayed.groups) this.#groups.set(id, new GroupLog(id, this.#host, image));
    const { walId } = this;
    const { nextNumber } = replayed;
    const onFault = (fault: Fault): void => this.#onSupplyFault(fault);
    this.#supply = new SegmentSupply({ disk, folder, walId, segmentBytes, random, nextNumber, onFault });
    // Not touched before the first flush, like all that replay found.
    for (const path of replayed.free) this.#supply.offer(path);
  }

  /**
   * Opens or creates the log in a folder; reads all of it.
   * @throws {Fault} `data_loss` when it is damaged, `unimplemented` when it is of another version.
   */
  static open(options: WalOptions): Wal {
    const complete = withDefaults(options);
    const { disk, folder } = complete;
    disk.makeFolder(folder);
    disk.syncFolder(dirname(folder));
    return new Wal(complete, replayWal(disk, folder));
  }

  /** Ids of the groups that have something in the log or staged, ascending. */
  groupIds(): number[] {
    const there = [...this.#groups.values()].filter((group) => group.exists);
    return there.map(({ id }) => id).toSorted((a, b) => a - b);
  }

  /** The log of a group; an empty one when nothing was staged for it yet. */
  group(id: number): GroupLog {
    assert(Number.isInteger(id) && id > 0 && id <= GROUP_MAX, `no id of a group: ${id}`);
    let group = this.#groups.get(id);
    if (group === undefined) this.#groups.set(id, (group = new GroupLog(id, this.#host)));
    return group;
  }

  /** Forgets a group, with the next flush. Its {@link GroupLog} must not be used any more. */
  removeGroup(id: number): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    group.remove();
    this.#groups.delete(id);
    this.#dirty.delete(group);
    if (group.exists) this.#removed.push(group);
  }

  get isFlushing(): boolean {
    return this.#isFlushing;
  }

  /** True when a flush is due: something must become durable, or space can be freed by it. */
  get needsFlush(): boolean {
    if (!this.#isSynced || this.#reclaimWaits || this.#removed.length > 0) return true;
    for (const group of this.#dirty) if (group.needsFlush) return true;
    return false;
  }

  /** Bytes that the log takes, and will with what is staged. */
  get sizeBytes(): number {
    return this.#chain.sizeBytes + this.#stagedBytes;
  }

  get stats(): WalStats {
    return {
      ...this.#stats,
      segments: this.#chain.length,
      sizeBytes: this.sizeBytes,
      cachedBytes: this.#host.cache.bytes,
      isBroken: this.#broken !== undefined,
    };
  }

  /**
   * Makes durable what is staged, of all groups, by one write and one sync. `done` gets a fault when that did
   * not happen: `data_loss` when the log is broken, now or before; `unavailable`, reason `disk_full`, when
   * everything still waits and may be flushed again.
   */
  flush(done: Done): void {
    assert(!this.#isFlushing && !this.#isClosed, 'one flush at a time, of an open log');
    if (this.#broken !== undefined) return done(this.#broken);
    this.#isFlushing = true;
    this.#syncReplayed(done, () => {
      if (!this.#isAnythingStaged()) return this.#end(done);
      this.#buildFrame(done, (frame) => this.#writeFrame(done, frame));
    });
  }

  /**
   * To be called every turn: one step, of up to 1 MiB, towards the next segment, unless there was a flush
   * since the last call. Nothing before the first flush.
   */
  prepare(): void {
    const isIdle = this.#stats.flushes === this.#flushesSeen;
    this.#flushesSeen = this.#stats.flushes;
    if (isIdle) this.#prepareStep();
  }

  /**
   * In idle turns: takes small remains of an old segment along, up to 1 MiB, and lets {@link needsFlush} ask
   * for the flush that frees what can be freed. Remains that turn out to be damaged break the log.
   */
  reclaim(): void {
    if (this.#broken !== undefined || this.#isClosed || this.#isFlushing) return;
    const { closed } = this.#chain;
    const segment = this.#moves.length === 0 ? movable(closed, this.#options.segmentBytes) : undefined;
    try {
      if (segment !== undefined) this.#moves = readMoves(segment, this.#groups);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return this.#break(error);
    }
    const isDying = [...this.#dirty].some((group) => group.hasDeaths);
    this.#reclaimWaits = isDying || this.#moves.length > 0 || this.#chain.free.length > 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#supply.close();
    this.#chain.close();
  }

  /** Must a group not append now? Looks at what stands, so that one turn's check holds for its appends. */
  #refuses(group: number): boolean {
    const { limitBytes, segmentBytes } = this.#options;
    const excessBytes = this.sizeBytes - limitBytes;
    const roomBytes = this.#chain.roomBytes - this.#stagedBytes;
    return (
      this.#stagedBytes > STAGED_BYTES_MAX ||
      excessBytes > limitBytes * (LIMIT_FACTOR - 1) ||
      this.#chain.holdsOldest(group, excessBytes) ||
      (this.#supply.isStarved && roomBytes < segmentBytes * RESERVED_SHARE)
    );
  }

  #staged(group: GroupLog, bytes: number): void {
    this.#dirty.add(group);
    this.#stagedBytes += bytes;
  }

  #isAnythingStaged(): boolean {
    const isStaged = this.#dirty.size > 0 || this.#removed.length > 0 || this.#moves.length > 0;
    return isStaged || this.#chain.free.length > 0;
  }

  /** What replay accepted is synced before the first frame of this run. */
  #syncReplayed(done: Done, then: () => void): void {
    if (this.#isSynced) return then();
    const synced = (fault?: Fault): void => {
      if (this.#isOver(done, fault)) return;
      this.#isSynced = true;
      then();
    };
    if (this.#chain.active === undefined) synced();
    else this.#chain.active.file.sync(synced);
  }

  /** Builds the frame for the active segment, or for the next one when it does not fit. */
  #buildFrame(done: Done, then: (frame: FlushFrame) => void): void {
    const { active } = this.#chain;
    if (active !== undefined) {
      const frame = this.#encode(active);
      if (active.isEmpty || active.usedBytes + frame.bytes.length <= this.#options.segmentBytes)
        return then(frame);
    }
    this.#supply.take((segment, fault) => {
      if (segment === undefined) return this.#failed(fault as Fault, done);
      if (this.#isOver(done)) return;
      this.#chain.push(segment);
      then(this.#encode(segment));
    });
  }

  #encode(segment: WalSegment): FlushFrame {
    return buildFlushFrame(this.#writer, segment, this.#frames + 1, {
      chain: this.#chain,
      groups: this.#groups.values(),
      dirty: this.#dirty,
      removed: this.#removed,
      moves: this.#moves,
    });
  }

  #writeFrame(done: Done, { segment, bytes, groups, dropped, movedBytes }: FlushFrame): void {
    try {
      segment.file.write(bytes, segment.usedBytes);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return this.#failed(error, done);
    }
    const deaths = this.#place(segment, groups);
    segment.usedBytes += bytes.length;
    this.#frames++;
    this.#stats.bytesWritten += bytes.length;
    this.#stats.movedBytes += movedBytes;
    const startMs = this.#options.clock.monotonicMs();
    segment.file.sync((fault) => {
      if (this.#isOver(done, fault)) return;
      const tookMs = this.#options.clock.monotonicMs() - startMs;
      this.#stats.flushes++;
      this.#stats.syncLastMs = tookMs;
      this.#stats.syncMaxMs = Math.max(this.#stats.syncMaxMs, tookMs);
      this.#bury(deaths, dropped);
      this.#end(done);
      this.#keepPace();
    });
  }

  /** Gives the written entries their places; returns what dies of it when the frame is durable. */
  #place(segment: WalSegment, groups: ReadonlySet<GroupLog>): [GroupLog, Death[]][] {
    const deaths: [GroupLog, Death[]][] = [];
    for (const group of groups) {
      this.#stagedBytes -= group.placeWritten(segment, segment.usedBytes);
      deaths.push([group, group.takeDeaths()]);
    }
    for (const group of this.#removed) deaths.push([group, group.takeDeaths()]);
    this.#dirty.clear();
    this.#removed = [];
    this.#moves = [];
    this.#reclaimWaits = false;
    return deaths;
  }

  #bury(deaths: readonly [GroupLog, Death[]][], dropped: readonly WalSegment[]): void {
    for (const [{ id }, dead] of deaths)
      for (const { segment, sizeBytes } of dead) this.#chain.segment(segment).release(id, sizeBytes);
    this.#chain.drop(dropped);
    this.#stats.segmentsFreed += dropped.length;
    for (const { path } of dropped) this.#supply.offer(path);
  }

  /** Did the log break or close while this flush was under way? */
  #isOver(done: Done, fault = this.#broken): boolean {
    if (!this.#isClosed && fault !== undefined) this.#break(fault, done);
    return this.#isClosed || fault !== undefined;
  }

  #end(done: Done, fault?: Fault): void {
    this.#isFlushing = false;
    done(fault);
  }

  /** Without idle turns: the next segment is never less ready than the active one is full. */
  #keepPace(): void {
    const { active } = this.#chain;
    if (active === undefined || this.#isClosed) return;
    if (this.#supply.progress < active.usedBytes / this.#options.segmentBytes) this.#prepareStep();
  }

  #prepareStep(): void {
    if (this.#broken !== undefined || this.#isClosed || !this.#isSynced) return;
    if (this.#supply.isStarved && this.#options.clock.monotonicMs() < this.#retryAtMs) return;
    this.#supply.prepare();
  }

  /** A frame did not get to the disk. */
  #failed(fault: Fault, done: Done): void {
    if (fault.reason !== 'disk_full') return this.#break(fault, done);
    this.#retryAtMs = this.#options.clock.monotonicMs() + FULL_DISK_PAUSE_MS;
    const options = { cause: fault, reason: 'disk_full', retryAfterMs: FULL_DISK_PAUSE_MS };
    this.#end(done, new Fault('unavailable', 'the disk of the log is full; what is staged waits', options));
  }

  #onSupplyFault(fault: Fault): void {
    this.#retryAtMs = this.#options.clock.monotonicMs() + FULL_DISK_PAUSE_MS;
    if (fault.reason !== 'disk_full') this.#break(fault);
  }

  #break(cause: Fault, done?: Done): void {
    const isFirst = this.#broken === undefined;
    const detail = 'the log could not be written or read back; nothing is acknowledged any more';
    this.#broken ??= new Fault('data_loss', detail, { cause, reason: 'log_broken' });
    if (done !== undefined) this.#end(done, this.#broken);
    if (isFirst) this.#options.onBroken(this.#broken);
  }
}

function newWalId(random: Random): string {
  return Buffer.from(Array.from({ length: 16 }, () => randomBelow(random, 256))).toString('hex');
}
