/**
 * The durable log: append-only segment files, one frame and one fdatasync per append.
 *
 * 1. One append is in flight at a time; what arrives meanwhile is the caller's to gather (see single-
 *    node.ts).
 * 2. A frame counts only after its sync; a failed write or sync breaks the log for good (`data_loss`).
 * 3. Only the last frame of the newest segment may be torn; it was never acknowledged and is cut off at open.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { assert, Fault } from '@ringwatch/kernel';
import type { Disk } from './disk.ts';
import { SEGMENT_HEADER_BYTES } from './frame.ts';
import type { LogRecord, LogStore } from './log-store.ts';
import { nodeDisk } from './node-disk.ts';
import { isSegmentName, Segment } from './segment.ts';

export interface SegmentLogOptions {
  /** Folder of the log; created when missing. */
  readonly folder: string;
  /** A segment is closed when it reaches this size. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Default: the machine's disk. */
  readonly disk?: Disk;
  /** 32 hex digits for a new log; ignored when one exists. Default: random. */
  readonly logId?: string;
}

const SEGMENT_BYTES_DEFAULT = 64 * 1024 * 1024;

export class SegmentLog implements LogStore {
  #broken: Fault | undefined;
  #appending = false;
  #closed = false;

  private constructor(
    readonly logId: string,
    private readonly disk: Disk,
    private readonly folder: string,
    private readonly segmentBytes: number,
    private readonly segments: Segment[],
  ) {}

  /** Opens or creates the log in `folder`. @throws {Fault} `data_loss` when it is corrupt. */
  static async open(options: SegmentLogOptions): Promise<SegmentLog> {
    const { folder, disk = nodeDisk, segmentBytes = SEGMENT_BYTES_DEFAULT } = options;
    await disk.makeFolder(folder);
    const names = (await disk.list(folder)).filter(isSegmentName).sort();
    await dropUnborn(disk, folder, names);
    const segments: Segment[] = [];
    try {
      for (const name of names) {
        segments.push(await Segment.load(disk, join(folder, name), name === names.at(-1)));
      }
      checkChain(segments);
      const logId = segments[0]?.logId ?? options.logId ?? randomBytes(16).toString('hex');
      if (segments.length === 0) segments.push(await Segment.create(disk, folder, logId, 1));
      return new SegmentLog(logId, disk, folder, segmentBytes, segments);
    } catch (error) {
      for (const { file } of segments) await file.close();
      throw error;
    }
  }

  get firstIndex(): number {
    return (this.segments[0] as Segment).firstIndex;
  }

  get lastIndex(): number {
    return this.#newest.lastIndex;
  }

  get sizeBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  async append(payloads: readonly Buffer[]): Promise<number> {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#closed) throw new Fault('unavailable', 'the log is closed');
    assert(!this.#appending && payloads.length > 0, 'one append at a time, of something');
    this.#appending = true;
    try {
      await this.#write(payloads);
    } catch (error) {
      this.#broken = new Fault(
        'data_loss',
        'the log could not be written; nothing is acknowledged any more',
        {
          cause: error,
          reason: 'log_broken',
        },
      );
      throw this.#broken;
    } finally {
      this.#appending = false;
    }
    return this.lastIndex;
  }

  async read(index: number): Promise<Buffer> {
    const segment = this.segments.findLast((candidate) => candidate.firstIndex <= index);
    const frame = segment?.frameOf(index);
    if (segment === undefined || frame === undefined)
      throw new Fault('out_of_range', `log index ${index} is not retained`);
    return (await segment.readFrame(frame))[index - frame.firstIndex] as Buffer;
  }

  async *scan(from: number): AsyncIterable<LogRecord> {
    if (from < this.firstIndex) throw new Fault('out_of_range', `log index ${from} is not retained`);
    // Copies: an append or a trim may come between two steps of the reader.
    for (const segment of this.segments.slice()) {
      for (const frame of segment.frames.slice()) {
        if (frame.firstIndex + frame.records <= from) continue;
        const payloads = await segment.readFrame(frame);
        for (const [i, payload] of payloads.entries()) {
          if (frame.firstIndex + i >= from) yield { index: frame.firstIndex + i, payload };
        }
      }
    }
  }

  trimPoint(index: number): number {
    return this.segments.findLast((segment) => segment.firstIndex <= index)?.firstIndex ?? this.firstIndex;
  }

  async trim(index: number): Promise<void> {
    const point = this.trimPoint(index);
    let dropped = false;
    while (this.firstIndex < point) {
      const oldest = this.segments.shift() as Segment;
      await oldest.file.close();
      await this.disk.remove(oldest.path);
      dropped = true;
    }
    if (dropped) await this.disk.syncFolder(this.folder);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const segment of this.segments) await segment.file.close();
  }

  get #newest(): Segment {
    return this.segments.at(-1) as Segment;
  }

  async #write(payloads: readonly Buffer[]): Promise<void> {
    if (this.#newest.sizeBytes >= this.segmentBytes) {
      this.segments.push(await Segment.create(this.disk, this.folder, this.logId, this.lastIndex + 1));
    }
    await this.#newest.append(payloads);
  }
}

/**
 * A crash between creating the newest segment and syncing its header leaves a file without one; it holds
 * nothing.
 */
async function dropUnborn(disk: Disk, folder: string, names: string[]): Promise<void> {
  const newest = names.at(-1);
  if (newest === undefined) return;
  const file = await disk.open(join(folder, newest), false);
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  const read = await file.read(header, 0);
  const sizeBytes = await file.sizeBytes();
  await file.close();
  if (sizeBytes > SEGMENT_HEADER_BYTES || (read === SEGMENT_HEADER_BYTES && header.readUInt32LE(0) !== 0))
    return;
  await disk.remove(join(folder, newest));
  await disk.syncFolder(folder);
  names.pop();
}

function checkChain(segments: readonly Segment[]): void {
  for (let i = 1; i < segments.length; i++) {
    const [before, after] = [segments[i - 1] as Segment, segments[i] as Segment];
    if (after.firstIndex === before.lastIndex + 1 && after.logId === before.logId) continue;
    throw new Fault('data_loss', `${after.path} does not follow ${before.path}`, { reason: 'log_corrupt' });
  }
}
