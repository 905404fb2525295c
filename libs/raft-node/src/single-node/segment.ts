import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Fault } from '@ringwatch/kernel';
import type { Disk, DiskFile } from './disk.ts';
import {
  decodeSegmentHeader,
  encodeFrame,
  encodeSegmentHeader,
  frameAt,
  hasFrameAfter,
  payloadsOf,
  SEGMENT_HEADER_BYTES,
  type FrameInfo,
} from './frame.ts';

/** One file of the log: its frames in order, from `firstIndex` on. */
export class Segment {
  private constructor(
    readonly path: string,
    readonly logId: string,
    readonly firstIndex: number,
    private readonly salt: number,
    readonly file: DiskFile,
    readonly frames: FrameInfo[],
    public sizeBytes: number,
  ) {}

  /** A new, empty segment; durable, as is its name, when this resolves. */
  static async create(disk: Disk, folder: string, logId: string, firstIndex: number): Promise<Segment> {
    const path = join(folder, segmentName(firstIndex));
    const file = await disk.open(path, true);
    await file.truncate(0);
    const salt = randomBytes(4).readUInt32LE();
    await file.write(encodeSegmentHeader({ logId, firstIndex, salt }), 0);
    await file.sync();
    await disk.syncFolder(folder);
    return new Segment(path, logId, firstIndex, salt, file, [], SEGMENT_HEADER_BYTES);
  }

  /**
   * An existing segment. In the newest one a torn last frame is cut off; anything else that is wrong is
   * corruption.
   * @throws {Fault} `data_loss`, naming file and offset.
   */
  static async load(disk: Disk, path: string, newest: boolean): Promise<Segment> {
    const file = await disk.open(path, false);
    try {
      return await Segment.#read(path, file, newest);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  static async #read(path: string, file: DiskFile, newest: boolean): Promise<Segment> {
    const bytes = Buffer.alloc(await file.sizeBytes());
    await file.read(bytes, 0);
    const { logId, firstIndex, salt } = decodeSegmentHeader(bytes);
    const frames: FrameInfo[] = [];
    let at = SEGMENT_HEADER_BYTES;
    let next = firstIndex;
    for (let frame = frameAt(bytes, at, salt); frame !== undefined; frame = frameAt(bytes, at, salt)) {
      if (frame.firstIndex !== next)
        throw corrupt(path, at, `index ${frame.firstIndex} where ${next} should be`);
      frames.push(frame);
      next += frame.records;
      at += frame.sizeBytes;
    }
    if (at < bytes.length) {
      if (!newest || hasFrameAfter(bytes, at, salt)) throw corrupt(path, at, 'a damaged frame');
      await file.truncate(at);
      await file.sync();
    }
    return new Segment(path, logId, firstIndex, salt, file, frames, at);
  }

  /** Last index in this segment; `firstIndex - 1` when it is empty. */
  get lastIndex(): number {
    const last = this.frames.at(-1);
    return last === undefined ? this.firstIndex - 1 : last.firstIndex + last.records - 1;
  }

  /** Appends one frame; it is durable, and counts, when this resolves. */
  async append(payloads: readonly Buffer[]): Promise<void> {
    const firstIndex = this.lastIndex + 1;
    const bytes = encodeFrame(firstIndex, payloads, this.salt);
    const at = this.sizeBytes;
    await this.file.write(bytes, at);
    await this.file.sync();
    this.frames.push({ firstIndex, records: payloads.length, at, sizeBytes: bytes.length });
    this.sizeBytes += bytes.length;
  }

  /** The frame that holds `index`. */
  frameOf(index: number): FrameInfo | undefined {
    let low = 0;
    let high = this.frames.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const frame = this.frames[middle] as FrameInfo;
      if (index < frame.firstIndex) high = middle - 1;
      else if (index >= frame.firstIndex + frame.records) low = middle + 1;
      else return frame;
    }
    return undefined;
  }

  /** The payloads of a frame, read from the file and checked again. @throws {Fault} `data_loss`. */
  async readFrame(frame: FrameInfo): Promise<Buffer[]> {
    const bytes = Buffer.allocUnsafeSlow(frame.sizeBytes);
    const read = await this.file.read(bytes, frame.at);
    if (read !== bytes.length || frameAt(bytes, 0, this.salt) === undefined)
      throw corrupt(this.path, frame.at, 'a damaged frame');
    return payloadsOf(bytes);
  }
}

const NAME = /^(\d{20})\.log$/;

/** File name of the segment that starts at `firstIndex`; names sort as indices do. */
export function segmentName(firstIndex: number): string {
  return `${String(firstIndex).padStart(20, '0')}.log`;
}

/** True for names that {@link segmentName} gives. */
export function isSegmentName(name: string): boolean {
  return NAME.test(name);
}

function corrupt(path: string, at: number, what: string): Fault {
  return new Fault('data_loss', `${path} is corrupt at byte ${at}: ${what}`, { reason: 'log_corrupt' });
}
