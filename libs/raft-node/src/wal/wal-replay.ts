/**
 * Reads the log back at open.
 *
 * 1. The newest segment that has a frame is the active one. Its first frame lists the segments in use before
 *    it and how far each is written: segments in the middle may be gone, and one that must be there is
 *    missed.
 * 2. In an older segment every frame up to that length must be intact. In the active one what follows the
 *    last intact frame is a torn write that nobody was told about, unless an intact frame comes after it.
 */
import { join } from 'node:path';
import { Fault } from '@ringwatch/kernel';
import { FrameReplay } from '../single-node/frame-replay.ts';
import type { GroupImage } from './group-log.ts';
import type { LogDisk } from './log-disk.ts';
import { FRAME_HEADER_BYTES, frameAt, hasFrameAfter } from './wal-frame.ts';
import { readSegments, SECTION, type SegmentUse } from './wal-section.ts';
import {
  corruptAt,
  isSpareName,
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentNumber,
  WalSegment,
} from './wal-segment.ts';

/** What was found on disk. */
export interface Replayed {
  /** Undefined when there is no log yet. */
  readonly walId: string | undefined;
  /** Segments in use, oldest first; the last one is active. */
  readonly chain: WalSegment[];
  readonly groups: ReadonlyMap<number, GroupImage>;
  /** Files that may be used again. */
  readonly free: readonly string[];
  /** Number of the segment to be made next. */
  readonly nextNumber: number;
  /** Number of the last frame; 0 when there is none. */
  readonly frames: number;
}

/** @throws {Fault} `data_loss` with file and byte, `unimplemented` for another version. */
export function replayWal(disk: LogDisk, folder: string): Replayed {
  const found = new SegmentFiles(disk, folder);
  try {
    found.open();
    return replay(found);
  } catch (error) {
    found.close([]);
    throw error;
  }
}

function replay(files: SegmentFiles): Replayed {
  const frames = new FrameReplay();
  const active = files.findActive();
  const inUse = active === undefined ? [] : segmentsBefore(active.segment, active.bytes);
  const chain: WalSegment[] = [];
  let number = 0;
  let buffer = Buffer.alloc(0);
  for (const use of inUse) {
    const segment = files.segments.find((candidate) => candidate.number === use.number);
    if (segment === undefined) continue;
    if (buffer.length < use.usedBytes) buffer = Buffer.allocUnsafeSlow(use.usedBytes);
    const read = segment.file.read(buffer.subarray(0, use.usedBytes), 0);
    number = replaySegment(frames, segment, buffer.subarray(0, read), number);
    if (segment.usedBytes !== use.usedBytes) throw segment.corrupt(segment.usedBytes, 'a damaged frame');
    chain.push(segment);
  }
  if (active !== undefined) {
    number = replaySegment(frames, active.segment, active.bytes, number);
    cutTail(active.segment, active.bytes);
    chain.push(active.segment);
  }
  const { groups, dropped } = frames;
  for (const use of inUse) {
    if (dropped.has(use.number) || chain.some((segment) => segment.number === use.number)) continue;
    throw new Fault('data_loss', `segment ${use.number} of the log is missing`, { reason: 'log_corrupt' });
  }
  frames.check();
  const used = chain.filter((segment) => !dropped.has(segment.number));
  frames.hold(used);
  const nextNumber = 1 + Math.max(0, ...files.segments.map((segment) => segment.number));
  return { walId: files.walId, chain: used, groups, free: files.close(used), nextNumber, frames: number };
}

/** Replays intact frames up to the first that is not; returns the number of the last one. */
function replaySegment(replay: FrameReplay, segment: WalSegment, bytes: Buffer, last: number): number {
  let number = last;
  let at = SEGMENT_HEADER_BYTES;
  for (let frame = frameAt(bytes, at, segment.salt); frame; frame = frameAt(bytes, at, segment.salt)) {
    if (at > SEGMENT_HEADER_BYTES && frame.number !== number + 1)
      throw segment.corrupt(at, `frame ${frame.number} where ${number + 1} should be`);
    number = frame.number;
    replay.apply(segment, bytes, frame);
    at += frame.sizeBytes;
  }
  segment.usedBytes = at;
  return number;
}

/** What the first frame of a segment says of those before it. */
function segmentsBefore(segment: WalSegment, bytes: Buffer): SegmentUse[] {
  const section = frameAt(bytes, SEGMENT_HEADER_BYTES, segment.salt)?.sections[0];
  if (section?.kind !== SECTION.segments)
    throw segment.corrupt(SEGMENT_HEADER_BYTES, 'the first frame lists no segments');
  return readSegments(bytes, section);
}

/** Voids a torn frame behind the last intact one, so that it is gone before anything is appended. */
function cutTail(active: WalSegment, bytes: Buffer): void {
  const at = active.usedBytes;
  if (hasFrameAfter(bytes, at, active.salt)) throw active.corrupt(at, 'a damaged frame');
  const header = bytes.subarray(at, at + FRAME_HEADER_BYTES);
  if (header.length >= 4 && header.readUInt32LE(0) === active.salt)
    active.file.write(Buffer.alloc(header.length), at);
}

/** The files in the folder of a log. */
class SegmentFiles {
  /** By number, ascending; their files are open. */
  readonly segments: WalSegment[] = [];
  walId: string | undefined;
  readonly #disk: LogDisk;
  readonly #folder: string;
  readonly #names: readonly string[];

  constructor(disk: LogDisk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
    this.#names = disk.list(folder).toSorted();
  }

  open(): void {
    for (const name of this.#names)
      if (segmentNumber(name) !== undefined) this.#open(join(this.#folder, name));
  }

  /**
   * The newest segment with a frame. Newer ones were made ahead of need, or die with their torn first frame.
   */
  findActive(): { segment: WalSegment; bytes: Buffer } | undefined {
    for (const segment of this.segments.toReversed()) {
      const bytes = segment.read(0, segment.file.sizeBytes());
      if (frameAt(bytes, SEGMENT_HEADER_BYTES, segment.salt) !== undefined) return { segment, bytes };
      if (hasFrameAfter(bytes, SEGMENT_HEADER_BYTES, segment.salt))
        throw segment.corrupt(SEGMENT_HEADER_BYTES, 'a damaged frame');
    }
    return undefined;
  }

  /** Closes all segments but those in `used`; returns the paths of the others and of spare files. */
  close(used: readonly WalSegment[]): string[] {
    const unused = this.segments.filter((segment) => !used.includes(segment));
    for (const { file } of unused) file.close();
    const spares = this.#names.filter(isSpareName).map((name) => join(this.#folder, name));
    return [...unused.map(({ path }) => path), ...spares];
  }

  #open(path: string): void {
    const file = this.#disk.open(path, false);
    try {
      const header = readSegmentHeader(path, file);
      this.walId ??= header.walId;
      if (this.walId !== header.walId) throw corruptAt(path, 8, `of log ${header.walId}, not ${this.walId}`);
      this.segments.push(new WalSegment(header, path, file));
    } catch (error) {
      file.close();
      throw error;
    }
  }
}
