/**
 * One life after another of a write-ahead log on a simulated disk, beside its model: random changes, flushes,
 * reads, idle work, and an end at any operation of the disk, by a crash or by a kill that leaves the kernel's
 * memory as it is.
 *
 * 1. After an end the log holds what the last completed flush, or one that began after it, was given. Nothing
 *    that was acknowledged is lost.
 * 2. What a kill left unsynced may go with the next crash, until a flush of the new life has completed.
 */
import { assert, Fault, randomBelow, type Random } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { Wal, type LogDisk } from '@ringwatch/raft-node';
import { SimulatedCrash, SimulatedLogDisk } from './simulated-log-disk.ts';
import { differenceOfRead, randomOperation, stateOf, WalModel, type OperationLimits } from './wal-model.ts';

export const WAL_FOLDER = 'log';
const SEGMENT_BYTES = 8 * 1024;
const GROUPS = 6;
const STEPS_MAX = 160;

/** How often things happened, over all runs that are given the same record. */
export type Tally = Record<string, number>;

export class WalRun {
  readonly random: Random;
  readonly simulated: SimulatedLogDisk;
  readonly #disk: LogDisk;
  readonly #tally: Tally;
  readonly #limits: OperationLimits;
  /** Ends of syncs that wait. */
  #ends: (() => void)[] = [];
  /** What a reopened log may hold: the last acknowledged state, then those of later flushes. */
  #possible: { model: WalModel }[] = [{ model: new WalModel() }];
  #model = new WalModel();
  /** Bytes written when the flush under way began: until they grow its frame takes in what is staged. */
  #writtenBefore = -1;
  #difference: string | undefined;

  /** `wrap` puts another disk in front of the simulated one. */
  constructor(seed: number, tally: Tally, wrap: (disk: SimulatedLogDisk) => LogDisk = (disk) => disk) {
    this.random = new SeededRandom(seed);
    // Small entries make many runs and remains that can be moved, large ones many segments.
    this.#limits = { groups: GROUPS, dataBytesMax: [30, 150, 700][seed % 3] as number };
    this.#tally = tally;
    const schedule = (end: () => void): void => void this.#ends.push(end);
    this.simulated = new SimulatedLogDisk({ random: this.random, schedule });
    this.#disk = wrap(this.simulated);
  }

  /** Runs one life; returns what was wrong in it. */
  live(): string | undefined {
    this.#ends = [];
    if (randomBelow(this.random, 2) === 0) this.simulated.crashAfter(randomBelow(this.random, 120));
    let wal: Wal | undefined;
    try {
      wal = this.open();
      const found = stateOf(wal);
      const at = this.#possible.findLastIndex(({ model }) => stateOf(model) === found);
      const state = this.#possible[at];
      if (state === undefined) return `found ${found}, acknowledged ${this.#acknowledged}`;
      this.#possible = this.#possible.slice(0, at + 1);
      this.#model = state.model.copy();
      this.#writtenBefore = -1;
      for (let step = randomBelow(this.random, STEPS_MAX); step > 0 && !this.#difference; step--)
        this.#step(wal);
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
    }
    if (wal !== undefined) {
      const { flushes, movedBytes, segmentsFreed } = wal.stats;
      this.#count('flushes', flushes);
      this.#count('movedBytes', movedBytes);
      this.#count('segmentsFreed', segmentsFreed);
    }
    this.#end();
    return this.#difference;
  }

  /** A log on this disk as it is now. */
  open(): Wal {
    return Wal.open({
      disk: this.#disk,
      folder: WAL_FOLDER,
      segmentBytes: SEGMENT_BYTES,
      limitBytes: 8 * SEGMENT_BYTES,
      cacheBytes: [0, 2_000, 1_000_000][randomBelow(this.random, 3)],
      random: this.random,
      clock: { monotonicMs: () => 0 },
      onBroken: (fault) => (this.#difference ??= `broken: ${String(fault.cause)}`),
    });
  }

  /** Flushes what is staged in a log that is not part of a life, and lets that end. */
  flush(wal: Wal): void {
    wal.flush((fault) => assert(fault === undefined, `a flush failed: ${fault?.message}`));
    this.endSyncs();
  }

  /** Lets all syncs end, those included that begin meanwhile. */
  endSyncs(): void {
    for (let end = this.#ends.shift(); end !== undefined; end = this.#ends.shift()) end();
  }

  /** State of the last completed flush. */
  get #acknowledged(): string {
    return stateOf((this.#possible[0] as { model: WalModel }).model);
  }

  #step(wal: Wal): void {
    const dice = randomBelow(this.random, 100);
    if (dice < 50) this.#change(wal);
    else if (dice < 62) this.#difference = differenceOfRead(this.random, this.#model, wal);
    else if (dice < 66) wal.prepare();
    else if (dice < 75) wal.reclaim();
    else if (dice < 88 && !wal.isFlushing) this.#flush(wal);
    else this.#endSync();
  }

  #change(wal: Wal): void {
    const operation = randomOperation(this.random, this.#model, this.#limits);
    try {
      operation.apply(wal);
    } catch (error) {
      if (!(error instanceof Fault) || error.reason !== 'log_full') throw error;
      this.#count('refused');
      return;
    }
    operation.apply(this.#model);
    this.#count(operation.kind);
    const last = this.#possible.at(-1);
    if (wal.stats.bytesWritten === this.#writtenBefore && last !== undefined) last.model = this.#model.copy();
  }

  #flush(wal: Wal): void {
    const given = { model: this.#model.copy() };
    this.#possible.push(given);
    this.#writtenBefore = wal.stats.bytesWritten;
    wal.flush((fault) => {
      if (fault !== undefined) this.#difference ??= `a flush failed: ${fault.message}`;
      this.#possible = this.#possible.slice(this.#possible.indexOf(given));
      this.#writtenBefore = -1;
    });
    this.#tally.segmentsMax = Math.max(this.#tally.segmentsMax ?? 0, wal.stats.segments);
  }

  /** Ends one of the syncs, perhaps. */
  #endSync(): void {
    const at = randomBelow(this.random, this.#ends.length + 1);
    for (const end of this.#ends.splice(at, 1)) end();
  }

  #end(): void {
    if (randomBelow(this.random, 4) === 0) {
      this.#count('kills');
      this.simulated.restart();
    } else this.simulated.crash();
  }

  #count(what: string, times = 1): void {
    this.#tally[what] = (this.#tally[what] ?? 0) + times;
  }
}
