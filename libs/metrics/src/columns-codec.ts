/**
 * Reports as bytes: codec `columns` of the raw layout and the embedded store. Drawn in
 * docs/formats/columns.md.
 *
 *     u8 version = 1 | u8 flags | u16 label bytes | u32 interval ms | f64 timestamp | 16 B schema hash
 *     | labels | values
 *
 * Little-endian. The host id is in the key that the bytes are stored under; the schema is stored once under
 * its hash.
 */
import { Fault } from '@ringwatch/kernel';
import { decodeLabels, encodeLabels } from './labels.ts';
import type { Report } from './report.ts';
import { SCHEMA_HASH_BYTES, type Schema } from './schema.ts';

const VERSION = 1;
const FLAG_LATE = 1;
const FLAG_LABELS = 2;
const HEADER_BYTES = 16 + SCHEMA_HASH_BYTES;

export function encodeColumns(report: Report): Buffer {
  const labels = encodeLabels(report.labels);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + labels.length + report.values.length);
  bytes.writeUInt8(VERSION, 0);
  bytes.writeUInt8((report.late ? FLAG_LATE : 0) | (report.labels ? FLAG_LABELS : 0), 1);
  bytes.writeUInt16LE(labels.length, 2);
  bytes.writeUInt32LE(report.intervalMs, 4);
  bytes.writeDoubleLE(report.timestamp, 8);
  bytes.write(report.schema.hash, 16, 'hex');
  labels.copy(bytes, HEADER_BYTES);
  report.values.copy(bytes, HEADER_BYTES + labels.length);
  return bytes;
}

/** Hex hash of the schema that `bytes` refer to. @throws {Fault} `data_loss` as {@link decodeColumns}. */
export function columnsSchemaHash(bytes: Buffer): string {
  if (bytes.length < HEADER_BYTES) throw corrupt('shorter than its header');
  if (bytes[0] !== VERSION) throw new Fault('unimplemented', `columns version ${bytes[0]} is unknown`);
  return bytes.toString('hex', 16, HEADER_BYTES);
}

/**
 * The report that `bytes` of `hostId` stand for; its values share memory with `bytes`.
 * @throws {Fault} `unimplemented` for an unknown version, `data_loss` for bytes that do not fit their own
 *   lengths.
 */
export function decodeColumns(hostId: string, bytes: Buffer, schema: Schema): Report {
  if (columnsSchemaHash(bytes) !== schema.hash) throw corrupt('of another schema');
  const flags = bytes.readUInt8(1);
  const valuesAt = HEADER_BYTES + bytes.readUInt16LE(2);
  if (bytes.length !== valuesAt + schema.keys.length * 8) throw corrupt('of another length than its schema');
  return {
    hostId,
    timestamp: bytes.readDoubleLE(8),
    intervalMs: bytes.readUInt32LE(4),
    labels: (flags & FLAG_LABELS) === 0 ? undefined : decodeLabels(bytes.subarray(HEADER_BYTES, valuesAt)),
    schema,
    values: bytes.subarray(valuesAt),
    late: (flags & FLAG_LATE) !== 0,
  };
}

function corrupt(why: string): Fault {
  return new Fault('data_loss', `stored report is ${why}`);
}
