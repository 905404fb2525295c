/**
 * One file of the write-ahead log: a header, then frames. Its name says its number, and is given only when
 * the header is durable: a file that is named as a segment has a valid header, or it is damaged.
 *
 *     header   "RWWL" | u16 version = 1 | u16 0 | 16 B log id | u64 number | u32 salt | u32 crc of all before
 *              | 24 B 0                                                                             64 bytes
 */
import { crc32 } from 'node:zlib';
import { assert, Fault, randomBelow, type Random } from '@ringwatch/kernel';
import type { LogFile } from './log-disk.ts';

export const SEGMENT_HEADER_BYTES = 64;
const MAGIC = 0x4c575752; // "RWWL"
const VERSION = 1;
const SUMMED_BYTES = 36;
const NAME = /^(\d{12})\.wal$/;
const SPARE_NAME = /^spare-\d{12}\.wal$/;

/** What a segment says of itself. */
export interface SegmentHeader {
  /** 32 hex digits. */
  readonly walId: string;
  readonly number: number;
  /** Seed of the checksums of its frames. */
  readonly salt: number;
}

export class WalSegment {
  readonly number: number;
  readonly salt: number;
  readonly path: string;
  readonly file: LogFile;
  /** Where the next frame goes. */
  usedBytes = SEGMENT_HEADER_BYTES;
  /** Bytes of sections that each group needs; the segment is free when it is empty. */
  readonly #live = new Map<number, number>();
  #liveBytes = 0;

  constructor(header: Pick<SegmentHeader, 'number' | 'salt'>, path: string, file: LogFile) {
    this.number = header.number;
    this.salt = header.salt;
    this.path = path;
    this.file = file;
  }

  /** True when no frame was written to it. */
  get isEmpty(): boolean {
    return this.usedBytes === SEGMENT_HEADER_BYTES;
  }

  /** True when no group needs anything in it. */
  get isFree(): boolean {
    return this.#live.size === 0;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Groups that need something in it. */
  get groups(): readonly number[] {
    return [...this.#live.keys()];
  }

  isHeldBy(group: number): boolean {
    return this.#live.has(group);
  }

  /** A group needs `sizeBytes` more of it. */
  hold(group: number, sizeBytes: number): void {
    this.#live.set(group, (this.#live.get(group) ?? 0) + sizeBytes);
    this.#liveBytes += sizeBytes;
  }

  /** A group needs `sizeBytes` less of it. */
  release(group: number, sizeBytes: number): void {
    const left = (this.#live.get(group) ?? 0) - sizeBytes;
    assert(left >= 0, `group ${group} gives back more of segment ${this.number} than it held`);
    if (left === 0) this.#live.delete(group);
    else this.#live.set(group, left);
    this.#liveBytes -= sizeBytes;
  }

  /**
   * Bytes as they are on disk, in memory of their own. @throws {Fault} `data_loss` when the file is short.
   */
  read(at: number, sizeBytes: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(sizeBytes);
    if (this.file.read(bytes, at) !== sizeBytes) throw this.corrupt(at, 'the file is too short');
    return bytes;
  }

  corrupt(at: number, what: string): Fault {
    return corruptAt(this.path, at, what);
  }
}

export function corruptAt(path: string, at: number, what: string): Fault {
  return new Fault('data_loss', `${path} is corrupt at byte ${at}: ${what}`, { reason: 'log_corrupt' });
}

export function encodeSegmentHeader({ walId, number, salt }: SegmentHeader): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt16LE(VERSION, 4);
  header.write(walId, 8, 16, 'hex');
  header.writeBigUInt64LE(BigInt(number), 24);
  header.writeUInt32LE(salt, 32);
  header.writeUInt32LE(crc32(header.subarray(0, SUMMED_BYTES)), SUMMED_BYTES);
  return header;
}

/**
 * The header of the file at `path`.
 * @throws {Fault} `data_loss` when it is damaged, `unimplemented` when it is of another version.
 */
export function readSegmentHeader(path: string, file: LogFile): SegmentHeader {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  const read = file.read(header, 0);
  const version = header.readUInt16LE(4);
  if (header.readUInt32LE(0) !== MAGIC || read < SEGMENT_HEADER_BYTES)
    throw corruptAt(path, 0, 'no header of a segment');
  if (crc32(header.subarray(0, SUMMED_BYTES)) !== header.readUInt32LE(SUMMED_BYTES))
    throw corruptAt(path, 0, 'a damaged header');
  if (version !== VERSION)
    throw new Fault('unimplemented', `${path} is of version ${version}, not ${VERSION}`);
  const [walId, number] = [header.toString('hex', 8, 24), Number(header.readBigUInt64LE(24))];
  if (`${number}` !== `${segmentNumber(path)}`)
    throw corruptAt(path, 24, `segment ${number} by another name`);
  return { walId, number, salt: header.readUInt32LE(32) };
}

/** Name of a segment; names sort as numbers do. */
export function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.wal`;
}

/** Name under which the file of segment `number` is kept or made until it is one. */
export function spareName(number: number): string {
  return `spare-${segmentName(number)}`;
}

/** Number of the segment that a path names; undefined when it names none. */
export function segmentNumber(path: string): number | undefined {
  const name = NAME.exec(path.slice(path.lastIndexOf('/') + 1));
  return name === null ? undefined : Number(name[1]);
}

export function isSpareName(name: string): boolean {
  return SPARE_NAME.test(name);
}

/** A salt: 32 bits, never all zero, or zeros would look like the beginning of a frame. */
export function newSalt(random: Random): number {
  return (randomBelow(random, 2 ** 31) * 2 + 1) >>> 0;
}
