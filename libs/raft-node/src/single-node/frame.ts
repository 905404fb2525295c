/**
 * The bytes of a segment file: a header, then frames. One frame is what one sync made durable, so a torn tail
 * is always a single frame, and a bad frame with a good one after it is corruption. Drawn in
 * docs/formats/segment-log.md.
 *
 *     header   "RWLG" | u16 version = 1 | u16 0 | 16 B log id | u64 first index | u32 salt | u32 0   40 bytes
 *     frame    "RWFR" | u32 crc32 of the rest, from salt | u32 body bytes | u32 records | u64 first index
 *              | body, padded to 8
 *     body     per record: u32 bytes | payload
 *
 * Little-endian; frames start at multiples of 8. The salt is random and told to nobody: without it a report
 * whose values spell a frame would pass for one, and a torn tail before it for corruption.
 */
import { crc32 } from 'node:zlib';
import { assert, Fault } from '@ringwatch/kernel';

export const SEGMENT_HEADER_BYTES = 40;
export const FRAME_HEADER_BYTES = 24;
const VERSION = 1;
const SEGMENT_MAGIC = 0x474c5752; // "RWLG"
const FRAME_MAGIC = 0x52465752; // "RWFR"
const CRC_FROM = 8;

/** Where a frame lies in its segment and what it holds. */
export interface FrameInfo {
  readonly firstIndex: number;
  readonly records: number;
  /** Offset of the frame in the file. */
  readonly at: number;
  /** Bytes of the whole frame, padding included. */
  readonly sizeBytes: number;
}

/** What a segment says of itself. */
export interface SegmentHeader {
  readonly logId: string;
  readonly firstIndex: number;
  /** Seed of the checksums of its frames, 32 bits. */
  readonly salt: number;
}

export function encodeSegmentHeader({ logId, firstIndex, salt }: SegmentHeader): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  header.writeUInt32LE(SEGMENT_MAGIC, 0);
  header.writeUInt16LE(VERSION, 4);
  header.write(logId, 8, 16, 'hex');
  header.writeBigUInt64LE(BigInt(firstIndex), 24);
  header.writeUInt32LE(salt, 32);
  return header;
}

/** @throws {Fault} `data_loss` for a damaged header, `unimplemented` for another version. */
export function decodeSegmentHeader(header: Buffer): SegmentHeader {
  if (header.length < SEGMENT_HEADER_BYTES || header.readUInt32LE(0) !== SEGMENT_MAGIC) {
    throw new Fault('data_loss', 'a segment file has no valid header');
  }
  const version = header.readUInt16LE(4);
  if (version !== VERSION) throw new Fault('unimplemented', `segment version ${version} is unknown`);
  return {
    logId: header.toString('hex', 8, 24),
    firstIndex: Number(header.readBigUInt64LE(24)),
    salt: header.readUInt32LE(32),
  };
}

export function encodeFrame(firstIndex: number, payloads: readonly Buffer[], salt: number): Buffer {
  let bodyBytes = 0;
  for (const payload of payloads) bodyBytes += 4 + payload.length;
  const frame = Buffer.allocUnsafe(padded(FRAME_HEADER_BYTES + bodyBytes));
  frame.writeUInt32LE(FRAME_MAGIC, 0);
  frame.writeUInt32LE(bodyBytes, 8);
  frame.writeUInt32LE(payloads.length, 12);
  frame.writeBigUInt64LE(BigInt(firstIndex), 16);
  let at = FRAME_HEADER_BYTES;
  for (const payload of payloads) {
    at = frame.writeUInt32LE(payload.length, at);
    at += payload.copy(frame, at);
  }
  frame.fill(0, at);
  frame.writeUInt32LE(crc32(frame.subarray(CRC_FROM), salt), 4);
  return frame;
}

/** The frame that starts at `at`, or undefined when no whole, intact frame does. */
export function frameAt(segment: Buffer, at: number, salt: number): FrameInfo | undefined {
  if (at + FRAME_HEADER_BYTES > segment.length || segment.readUInt32LE(at) !== FRAME_MAGIC) return undefined;
  const sizeBytes = padded(FRAME_HEADER_BYTES + segment.readUInt32LE(at + 8));
  if (at + sizeBytes > segment.length) return undefined;
  if (crc32(segment.subarray(at + CRC_FROM, at + sizeBytes), salt) !== segment.readUInt32LE(at + 4))
    return undefined;
  return {
    firstIndex: Number(segment.readBigUInt64LE(at + 16)),
    records: segment.readUInt32LE(at + 12),
    at,
    sizeBytes,
  };
}

/** True when an intact frame starts anywhere after `at`: then what is bad at `at` is not a torn tail. */
export function hasFrameAfter(segment: Buffer, at: number, salt: number): boolean {
  for (let next = at + 8; next + FRAME_HEADER_BYTES <= segment.length; next += 8) {
    if (segment.readUInt32LE(next) === FRAME_MAGIC && frameAt(segment, next, salt) !== undefined) return true;
  }
  return false;
}

/** The payloads of an intact frame; they share memory with it. */
export function payloadsOf(frame: Buffer): Buffer[] {
  const records = frame.readUInt32LE(12);
  const payloads: Buffer[] = [];
  let at = FRAME_HEADER_BYTES;
  for (let i = 0; i < records; i++) {
    const sizeBytes = frame.readUInt32LE(at);
    payloads.push(frame.subarray(at + 4, at + 4 + sizeBytes));
    at += 4 + sizeBytes;
  }
  assert(at <= frame.length, 'a frame whose checksum is right has records that fit it');
  return payloads;
}

function padded(sizeBytes: number): number {
  return (sizeBytes + 7) & ~7;
}
