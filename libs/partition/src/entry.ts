/**
 * What the partition's log carries, byte by byte (docs/formats/entry.md). All little-endian.
 *
 *     entry    u8 version = 1 | u8 kind | u16 0 | u32 count | f64 leader time, Unix ms | body
 *     reports  u32 schemas | per schema: 16 B hash, u32 key bytes, keys joined by "\n" | records
 *     record   u32 record bytes | u16 schema | u16 host bytes | u16 label bytes | u16 flags | u32 interval ms
 *              | f64 timestamp | host id | labels | values
 *     control  JSON text
 *
 * 1. Apply looks at nothing but the entry and the state, so every replica computes the same.
 * 2. A schema's keys travel once; later entries name it by its hash alone (key bytes = 0).
 */
import { assert, Fault } from '@ringwatch/kernel';
import {
  decodeLabels,
  encodeLabels,
  SCHEMA_HASH_BYTES,
  schemaHash,
  type Report,
  type Schema,
} from '@ringwatch/metrics';

/** Where an entry's schemas are looked up, and kept when the entry brings them. */
export interface SchemaLookup {
  get(hash: string): Schema | undefined;
  intern(schema: Schema): Schema;
}

export type EntryKind = 'reports' | 'watermark' | 'settings';

const VERSION = 1;
const KINDS: readonly EntryKind[] = ['reports', 'watermark', 'settings'];
const HEADER_BYTES = 16;
const RECORD_HEADER_BYTES = 24;
const FLAG_LABELS = 1;
const EMPTY_SCHEMA_HASH = schemaHash([]);

/** Bytes that a report takes in an entry, the schema not counted. */
export function recordBytes(report: Report): number {
  return (
    RECORD_HEADER_BYTES +
    Buffer.byteLength(report.hostId) +
    encodeLabels(report.labels).length +
    report.values.length
  );
}

/**
 * An entry that carries `reports`.
 * @param timeMs the leader's time, Unix milliseconds.
 * @param isLogged tells whether a schema's keys are in the log already.
 */
export function encodeReports(
  reports: readonly Report[],
  timeMs: number,
  isLogged: (schema: Schema) => boolean,
): Buffer {
  const schemas = new Map<Schema, number>();
  let bytes = HEADER_BYTES + 4;
  for (const report of reports) {
    if (!schemas.has(report.schema)) schemas.set(report.schema, schemas.size);
    bytes += recordBytes(report);
  }
  const tables = [...schemas.keys()].map((schema) => encodeSchema(schema, isLogged(schema)));
  for (const table of tables) bytes += table.length;
  const entry = Buffer.allocUnsafeSlow(bytes);
  writeHeader(entry, 'reports', reports.length, timeMs);
  let at = entry.writeUInt32LE(tables.length, HEADER_BYTES);
  for (const table of tables) at += table.copy(entry, at);
  for (const report of reports) at = writeRecord(entry, at, report, schemas.get(report.schema) as number);
  assert(at === bytes, 'an entry is as long as was computed');
  return entry;
}

/** An entry that carries a small JSON value for the state machine itself. */
export function encodeControl(kind: 'watermark' | 'settings', value: object, timeMs: number): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  const entry = Buffer.alloc(HEADER_BYTES + body.length);
  writeHeader(entry, kind, 1, timeMs);
  body.copy(entry, HEADER_BYTES);
  return entry;
}

/** A decoded entry; its reports share memory with the bytes. */
export class EntryView {
  readonly kind: EntryKind;
  readonly timeMs: number;
  /** Reports in the entry; 1 for control entries. */
  readonly count: number;
  /** Offset of the first record. */
  readonly #recordsAt: number;
  readonly #schemas: Schema[] = [];

  /**
   * @param table schemas known so far; those that the entry brings are added.
   * @throws {Fault} `unimplemented` for an unknown version or kind, `data_loss` for a schema that nobody
   *   logged.
   */
  constructor(
    readonly bytes: Buffer,
    table: SchemaLookup,
  ) {
    const kind = KINDS[bytes.readUInt8(1)];
    if (bytes.readUInt8(0) !== VERSION || kind === undefined) {
      throw new Fault('unimplemented', `entry version ${bytes[0]} kind ${bytes[1]} is unknown`);
    }
    this.kind = kind;
    this.count = bytes.readUInt32LE(4);
    this.timeMs = bytes.readDoubleLE(8);
    this.#recordsAt = kind === 'reports' ? this.#readSchemas(table) : bytes.length;
  }

  /** The schemas that its records point at. */
  get schemas(): readonly Schema[] {
    return this.#schemas;
  }

  /** The JSON value of a control entry. */
  control(): unknown {
    return JSON.parse(this.bytes.toString('utf8', HEADER_BYTES));
  }

  /** Offsets of the records, in order. */
  *offsets(): IterableIterator<number> {
    for (let at = this.#recordsAt; at < this.bytes.length; at += this.bytes.readUInt32LE(at)) yield at;
  }

  /**
   * The bytes of the record at `at`: what tells a duplicate from a conflict, once the schema is known to be
   * equal.
   */
  recordAt(at: number): Buffer {
    return this.bytes.subarray(at, at + this.bytes.readUInt32LE(at));
  }

  /** The report whose record starts at `at`. */
  reportAt(at: number): Report {
    const { bytes } = this;
    const schema = this.#schemas[bytes.readUInt16LE(at + 4)];
    assert(schema !== undefined, 'a record points at a schema of its entry');
    const labelsAt = at + RECORD_HEADER_BYTES + bytes.readUInt16LE(at + 6);
    const valuesAt = labelsAt + bytes.readUInt16LE(at + 8);
    const labelled = (bytes.readUInt16LE(at + 10) & FLAG_LABELS) !== 0;
    return {
      hostId: bytes.toString('utf8', at + RECORD_HEADER_BYTES, labelsAt),
      timestamp: bytes.readDoubleLE(at + 16),
      intervalMs: bytes.readUInt32LE(at + 12),
      labels: labelled ? decodeLabels(bytes.subarray(labelsAt, valuesAt)) : undefined,
      schema,
      values: bytes.subarray(valuesAt, at + bytes.readUInt32LE(at)),
      late: false,
    };
  }

  #readSchemas(table: SchemaLookup): number {
    const { bytes } = this;
    const count = bytes.readUInt32LE(HEADER_BYTES);
    let at = HEADER_BYTES + 4;
    for (let i = 0; i < count; i++) {
      const hash = bytes.toString('hex', at, at + SCHEMA_HASH_BYTES);
      const keyBytes = bytes.readUInt32LE(at + SCHEMA_HASH_BYTES);
      at += SCHEMA_HASH_BYTES + 4;
      this.#schemas.push(resolveSchema(hash, bytes.subarray(at, at + keyBytes), table));
      at += keyBytes;
    }
    return at;
  }
}

function resolveSchema(hash: string, keys: Buffer, table: SchemaLookup): Schema {
  const known = table.get(hash);
  if (known !== undefined) return known;
  if (keys.length === 0 && hash !== EMPTY_SCHEMA_HASH) {
    throw new Fault('data_loss', `schema ${hash} is not in the log`, { reason: 'schema_lost' });
  }
  return table.intern({ hash, keys: keys.length === 0 ? [] : keys.toString().split('\n') });
}

function encodeSchema(schema: Schema, logged: boolean): Buffer {
  const keys = Buffer.from(logged ? '' : schema.keys.join('\n'));
  const bytes = Buffer.alloc(SCHEMA_HASH_BYTES + 4 + keys.length);
  bytes.write(schema.hash, 0, SCHEMA_HASH_BYTES, 'hex');
  bytes.writeUInt32LE(keys.length, SCHEMA_HASH_BYTES);
  keys.copy(bytes, SCHEMA_HASH_BYTES + 4);
  return bytes;
}

function writeHeader(entry: Buffer, kind: EntryKind, count: number, timeMs: number): void {
  entry.writeUInt8(VERSION, 0);
  entry.writeUInt8(KINDS.indexOf(kind), 1);
  entry.writeUInt16LE(0, 2);
  entry.writeUInt32LE(count, 4);
  entry.writeDoubleLE(timeMs, 8);
}

/** Writes one record and returns the offset after it. */
function writeRecord(entry: Buffer, at: number, report: Report, schema: number): number {
  const labels = encodeLabels(report.labels);
  const hostBytes = entry.write(report.hostId, at + RECORD_HEADER_BYTES);
  const labelsAt = at + RECORD_HEADER_BYTES + hostBytes;
  const valuesAt = labelsAt + labels.copy(entry, labelsAt);
  const end = valuesAt + report.values.copy(entry, valuesAt);
  entry.writeUInt32LE(end - at, at);
  entry.writeUInt16LE(schema, at + 4);
  entry.writeUInt16LE(hostBytes, at + 6);
  entry.writeUInt16LE(labels.length, at + 8);
  entry.writeUInt16LE(report.labels === undefined ? 0 : FLAG_LABELS, at + 10);
  entry.writeUInt32LE(report.intervalMs, at + 12);
  entry.writeDoubleLE(report.timestamp, at + 16);
  return end;
}
