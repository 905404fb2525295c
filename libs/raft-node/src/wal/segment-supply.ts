/**
 * Makes segments ahead of need, in bounded steps.
 *
 * 1. A segment is filled with zeros and synced to its full size before use: a file that grows, or whose
 *    blocks are not allocated, costs a journal commit with every sync. A file that served before needs no
 *    filling.
 * 2. It is made under a spare name and gets its own with its header durable and the folder synced, so that a
 *    crash at any point leaves either a spare, which holds nothing, or a whole segment.
 */
import { join } from 'node:path';
import { Fault, type Random } from '@ringwatch/kernel';
import type { LogDisk, LogFile } from './log-disk.ts';
import {
  encodeSegmentHeader,
  newSalt,
  segmentName,
  spareName,
  WalSegment,
  type SegmentHeader,
} from './wal-segment.ts';

/** Zeros written, and synced, in one step. */
export const FILL_STEP_BYTES = 1024 * 1024;
/** Free files that are kept for recycling; more are removed. */
export const SPARES_MAX = 2;

export interface SegmentSupplyOptions {
  readonly disk: LogDisk;
  readonly folder: string;
  readonly walId: string;
  readonly segmentBytes: number;
  readonly random: Random;
  /** Number of the first segment it makes. */
  readonly nextNumber: number;
  /** Called with what goes wrong in a step that nobody waits for. */
  readonly onFault: (fault: Fault) => void;
}

/** A file on its way to be the next segment. */
interface Making {
  readonly path: string;
  readonly file: LogFile;
  filledBytes: number;
  header: SegmentHeader | undefined;
}

type Taken = (segment: WalSegment | undefined, fault?: Fault) => void;

export class SegmentSupply {
  readonly #options: SegmentSupplyOptions;
  readonly #zeros: Buffer;
  /** Files that no segment needs, by path. */
  readonly #free: string[] = [];
  #number: number;
  #making: Making | undefined;
  #next: WalSegment | undefined;
  #busy = false;
  #waiting: Taken | undefined;
  /** True from a step that found no space until one that did. */
  isStarved = false;

  constructor(options: SegmentSupplyOptions) {
    this.#options = options;
    this.#number = options.nextNumber;
    this.#zeros = Buffer.alloc(Math.min(FILL_STEP_BYTES, options.segmentBytes));
  }

  /** How much of the next segment is made, 0 to 1. */
  get progress(): number {
    if (this.#next !== undefined) return 1;
    // The header counts as one step more.
    return (this.#making?.filledBytes ?? 0) / (this.#options.segmentBytes + this.#zeros.length);
  }

  /** Takes over a file that no segment needs any more, closed. */
  offer(path: string): void {
    this.#free.push(path);
  }

  /** One step towards the next segment, or of tidying up; nothing while one is under way. */
  prepare(): void {
    if (!this.#busy) this.#step();
  }

  /** Hands over the next segment, after the steps that are left. */
  take(taken: Taken): void {
    this.#waiting = taken;
    if (this.#busy) return;
    if (this.#next !== undefined) this.#stepped();
    else this.#step();
  }

  close(): void {
    this.#waiting = undefined;
    this.#making?.file.close();
    this.#next?.file.close();
    this.#making = this.#next = undefined;
  }

  #step(): void {
    this.#busy = true;
    let written: LogFile | undefined;
    try {
      written = this.#work();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return this.#failed(error);
    }
    if (written === undefined) return this.#stepped();
    written.sync((fault) => {
      if (this.#making?.file !== written) return; // Closed meanwhile.
      if (fault === undefined) this.#synced(this.#making);
      else this.#failed(fault);
    });
  }

  /** The work of a step; returns the file that has to be synced to end it. */
  #work(): LogFile | undefined {
    const { disk, folder, walId, segmentBytes, random } = this.#options;
    if (this.#next !== undefined) {
      if (this.#free.length > SPARES_MAX) disk.remove(this.#free.shift() as string);
      return undefined;
    }
    const making = this.#making;
    if (making === undefined) {
      this.#making = this.#begin(join(folder, spareName(this.#number)));
      return undefined;
    }
    if (making.filledBytes < segmentBytes) {
      const zeros = this.#zeros.subarray(0, segmentBytes - making.filledBytes);
      making.file.write(zeros, making.filledBytes);
      making.filledBytes += zeros.length;
    } else {
      making.header = { walId, number: this.#number, salt: newSalt(random) };
      making.file.write(encodeSegmentHeader(making.header), 0);
    }
    return making.file;
  }

  /** Opens a free file under a spare name, or creates one. */
  #begin(path: string): Making {
    const { disk, folder, segmentBytes } = this.#options;
    const [free] = this.#free.splice(Math.max(this.#free.indexOf(path), 0), 1);
    if (free !== undefined && free !== path) {
      disk.rename(free, path);
      // Before the header changes: the old name must not come back with it.
      disk.syncFolder(folder);
    }
    const file = disk.open(path, true);
    if (file.sizeBytes() > segmentBytes) file.truncate(segmentBytes);
    return { path, file, filledBytes: file.sizeBytes(), header: undefined };
  }

  #synced({ path, file, header }: Making): void {
    if (header === undefined) return this.#stepped();
    const { disk, folder } = this.#options;
    const named = join(folder, segmentName(header.number));
    try {
      disk.rename(path, named);
      disk.syncFolder(folder);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return this.#failed(error);
    }
    this.#making = undefined;
    this.#next = new WalSegment(header, named, file);
    this.#number++;
    this.#stepped();
  }

  #stepped(): void {
    this.#busy = false;
    this.isStarved = false;
    if (this.#waiting === undefined) return;
    if (this.#next === undefined) return this.#step();
    const [taken, segment] = [this.#waiting, this.#next];
    this.#waiting = this.#next = undefined;
    taken(segment);
  }

  #failed(fault: Fault): void {
    this.#busy = false;
    this.isStarved = fault.reason === 'disk_full';
    this.#abandon();
    const taken = this.#waiting;
    this.#waiting = undefined;
    if (taken === undefined) this.#options.onFault(fault);
    else taken(undefined, fault);
  }

  /** Gives back what an unfinished file takes. */
  #abandon(): void {
    const making = this.#making;
    this.#making = undefined;
    if (making === undefined) return;
    try {
      making.file.close();
      this.#options.disk.remove(making.path);
    } catch (error) {
      // The fault that led here is the one to report.
      if (!(error instanceof Fault)) throw error;
    }
  }
}
