/**
 * A buffer segment byte by byte. Pure: bytes in, records out.
 *
 * ```
 * file    magic "RWBUF" 0 0, version u8 = 1 (8 bytes), then records
 * record  length u32 | crc32 u32 | time f64 | reports u32 | payload (length bytes)
 * ```
 * All little-endian. `crc32` covers time, reports and payload; `time` is when the record was written, in
 * milliseconds. The payload is a protobuf `Batch`; the keys of a schema stand in the first record of the
 * segment that uses it.
 *
 * 1. A record is whole or it is not there: the first bad length or checksum ends the segment (a torn write).
 * 2. A segment of another version is refused, never guessed at.
 */
import { crc32 } from 'node:zlib';
import { Fault } from '@ringwatch/kernel';

const VERSION = 1;
export const SEGMENT_HEADER = Buffer.from([...Buffer.from('RWBUF\0\0'), VERSION]);
const RECORD_HEADER_BYTES = 20;
const CHECKED_FROM = 8;
/** A record holds what was measured at one instant; nothing honest comes near this. */
export const RECORD_BYTES_MAX = 16 * 1024 * 1024;

export interface SegmentRecord {
  readonly timeMs: number;
  /** Number of reports in the payload. */
  readonly reports: number;
  /** Where the payload lies in the file. */
  readonly offset: number;
  readonly length: number;
}

export function encodeRecord(timeMs: number, reports: number, payload: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEADER_BYTES + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeDoubleLE(timeMs, 8);
  record.writeUInt32LE(reports, 16);
  record.set(payload, RECORD_HEADER_BYTES);
  record.writeUInt32LE(crc32(record.subarray(CHECKED_FROM)), 4);
  return record;
}

/** The record that {@link encodeRecord} made, as it lies at `at` in its file. */
export function placeRecord(record: Buffer, at: number): SegmentRecord {
  return {
    timeMs: record.readDoubleLE(8),
    reports: record.readUInt32LE(16),
    offset: at + RECORD_HEADER_BYTES,
    length: record.readUInt32LE(0),
  };
}

/**
 * The whole records of a segment and where they end; what lies behind `end` is torn.
 * @throws {Fault} `failed_precondition` / `buffer_version` for another format.
 */
export function scanSegment(bytes: Buffer): {
  readonly records: readonly SegmentRecord[];
  readonly end: number;
} {
  if (bytes.length < SEGMENT_HEADER.length) return { records: [], end: 0 };
  if (!bytes.subarray(0, SEGMENT_HEADER.length).equals(SEGMENT_HEADER)) {
    throw new Fault('failed_precondition', 'not a buffer segment of this version', {
      reason: 'buffer_version',
    });
  }
  const records: SegmentRecord[] = [];
  let at = SEGMENT_HEADER.length;
  while (bytes.length - at >= RECORD_HEADER_BYTES) {
    const record = placeRecord(bytes.subarray(at), at);
    const end = record.offset + record.length;
    if (record.length > RECORD_BYTES_MAX || end > bytes.length) break;
    if (crc32(bytes.subarray(at + CHECKED_FROM, end)) !== bytes.readUInt32LE(at + 4)) break;
    records.push(record);
    at = end;
  }
  return { records, end: at };
}
