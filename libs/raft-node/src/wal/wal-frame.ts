/**
 * Frames: what one flush made durable, for all groups at once. Drawn in docs/formats/wal.md. Little-endian;
 * frames and sections start at multiples of 8.
 *
 *     frame    u32 salt | u32 crc of the header's rest | u32 bytes, all | u32 sections | u64 number
 *              | u32 offset | u32 fold of the sections' sums                                      32 bytes
 *              | sections
 *     section  u32 crc of all that follows | u32 group | u32 kind | u32 bytes of the body         16 bytes
 *              | body, padded to 8
 *
 * 1. Each byte is summed once: sections by their own sums, these by the fold, the fold by the frame's sum. So
 *    the frame counts as a whole or not at all, and one section can be checked when it is read back.
 * 2. The salt is random per use of a file and seeds all sums: neither a frame of the file's earlier use nor
 *    an entry whose data spells a frame can pass for one.
 * 3. A frame knows its offset and number, so one that landed elsewhere does not pass either.
 *
 * The writer mutates a buffer that it reuses; what it returns is valid until the next frame begins.
 */
import { crc32 } from 'node:zlib';

export const FRAME_HEADER_BYTES = 32;
export const SECTION_HEADER_BYTES = 16;
/** A buffer that grew beyond this for one large frame is not kept. */
const KEPT_BUFFER_BYTES = 8 * 1024 * 1024;
const START_BUFFER_BYTES = 64 * 1024;
/** A frame's sum covers its header from here on, a section's sum the section. */
const FRAME_SUMMED_FROM = 8;
const SECTION_SUMMED_FROM = 4;
/** Offset of the fold in a frame's header. */
const FOLD_AT = 28;

/** Where a whole, intact frame lies in its segment. */
export interface FrameInfo {
  readonly at: number;
  readonly sizeBytes: number;
  readonly sections: readonly Section[];
  /** Frames are counted over the life of the log, from 1. */
  readonly number: number;
}

/** One group's part of a frame. */
export interface Section {
  readonly group: number;
  readonly kind: number;
  /** Offset of its header in the buffer it was read from. */
  readonly at: number;
  /** Header, body and padding. */
  readonly sizeBytes: number;
  readonly bodyAt: number;
  readonly bodyBytes: number;
}

/** Builds one frame after another in the same buffer. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(START_BUFFER_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #salt = 0;
  #sections = 0;
  #fold = 0;
  #sectionAt = 0;

  begin(salt: number): void {
    if (this.#bytes.length > KEPT_BUFFER_BYTES) this.#resize(START_BUFFER_BYTES);
    this.#at = FRAME_HEADER_BYTES;
    this.#salt = salt;
    this.#sections = 0;
    this.#fold = salt;
  }

  /** Offset in the frame at which the next byte goes. */
  get at(): number {
    return this.#at;
  }

  get isEmpty(): boolean {
    return this.#sections === 0;
  }

  beginSection(group: number, kind: number): void {
    this.#sectionAt = this.#at;
    this.u32(0); // The sum and the body's size follow when the body is there.
    this.u32(group);
    this.u32(kind);
    this.u32(0);
  }

  /** Ends the section; returns its size with header and padding. */
  endSection(): number {
    const [from, bodyEnd] = [this.#sectionAt, this.#at];
    const end = padded(bodyEnd);
    this.#reserve(end - bodyEnd);
    this.#bytes.fill(0, bodyEnd, end);
    this.#at = end;
    this.#view.setUint32(from + 12, bodyEnd - from - SECTION_HEADER_BYTES, true);
    const sum = crc32(this.#bytes.subarray(from + SECTION_SUMMED_FROM, end), this.#salt);
    this.#view.setUint32(from, sum, true);
    this.#fold = folded(this.#fold, sum);
    this.#sections++;
    return end - from;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  u64(value: number): void {
    this.#reserve(8);
    this.#view.setUint32(this.#at, value >>> 0, true);
    this.#view.setUint32(this.#at + 4, Math.floor(value / 2 ** 32), true);
    this.#at += 8;
  }

  data(data: Uint8Array): void {
    this.#reserve(data.length);
    this.#bytes.set(data, this.#at);
    this.#at += data.length;
  }

  /** The finished frame, for `offset` in its segment; shares the writer's buffer. */
  finish(number: number, offset: number): Buffer {
    const sizeBytes = this.#at;
    this.#view.setUint32(0, this.#salt, true);
    this.#view.setUint32(8, sizeBytes, true);
    this.#view.setUint32(12, this.#sections, true);
    this.#at = 16;
    this.u64(number);
    this.u32(offset);
    this.u32(this.#fold);
    const summed = this.#bytes.subarray(FRAME_SUMMED_FROM, FRAME_HEADER_BYTES);
    this.#view.setUint32(4, crc32(summed, this.#salt), true);
    this.#at = sizeBytes;
    return this.#bytes.subarray(0, sizeBytes);
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed > this.#bytes.length) this.#resize(Math.max(needed, this.#bytes.length * 2));
  }

  #resize(sizeBytes: number): void {
    const resized = Buffer.allocUnsafeSlow(sizeBytes);
    this.#bytes.copy(resized, 0, 0, Math.min(this.#at, sizeBytes));
    this.#bytes = resized;
    this.#view = new DataView(resized.buffer);
  }
}

/**
 * The frame at `at` in a segment's bytes, which begin at its offset 0; undefined when none is intact there.
 */
export function frameAt(bytes: Buffer, at: number, salt: number): FrameInfo | undefined {
  const bodyAt = at + FRAME_HEADER_BYTES;
  if (bodyAt > bytes.length || bytes.readUInt32LE(at) !== salt) return undefined;
  if (crc32(bytes.subarray(at + FRAME_SUMMED_FROM, bodyAt), salt) !== bytes.readUInt32LE(at + 4))
    return undefined;
  const sizeBytes = bytes.readUInt32LE(at + 8);
  const end = at + sizeBytes;
  if (end > bytes.length || bytes.readUInt32LE(at + 24) !== at) return undefined;
  const sections: Section[] = [];
  let fold = salt;
  let next = bodyAt;
  while (next < end) {
    const section = sectionAt(bytes, next, end, salt);
    if (section === undefined) return undefined;
    sections.push(section);
    fold = folded(fold, bytes.readUInt32LE(next));
    next += section.sizeBytes;
  }
  if (sections.length !== bytes.readUInt32LE(at + 12) || fold !== bytes.readUInt32LE(at + FOLD_AT))
    return undefined;
  return { at, sizeBytes, sections, number: u64At(bytes, at + 16) };
}

/** True when an intact frame starts anywhere behind `at`: then what is bad at `at` is not a torn tail. */
export function hasFrameAfter(bytes: Buffer, at: number, salt: number): boolean {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(salt);
  for (let next = bytes.indexOf(mark, at + 1); next !== -1; next = bytes.indexOf(mark, next + 1)) {
    if (next % 8 === 0 && frameAt(bytes, next, salt) !== undefined) return true;
  }
  return false;
}

/** The section at `at`; undefined when it does not end by `end` or is damaged. */
export function sectionAt(bytes: Buffer, at: number, end: number, salt: number): Section | undefined {
  const bodyAt = at + SECTION_HEADER_BYTES;
  if (bodyAt > end) return undefined;
  const bodyBytes = bytes.readUInt32LE(at + 12);
  const sizeBytes = SECTION_HEADER_BYTES + padded(bodyBytes);
  if (at + sizeBytes > end) return undefined;
  const summed = bytes.subarray(at + SECTION_SUMMED_FROM, at + sizeBytes);
  if (crc32(summed, salt) !== bytes.readUInt32LE(at)) return undefined;
  const [group, kind] = [bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)];
  return { group, kind, at, sizeBytes, bodyAt, bodyBytes };
}

export function u64At(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}

/** Rounds up to a multiple of 8. Not by bit operations: sizes reach 2^32. */
function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 8) * 8;
}

/** Takes one more sum into a fold (FNV-1a by words): another sum at any place gives another fold. */
function folded(fold: number, sum: number): number {
  return Math.imul(fold ^ sum, 0x01000193) >>> 0;
}
