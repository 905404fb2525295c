/**
 * Reports that wait for a broker, on disk: they survive a restart of either side.
 *
 * 1. Bounded by bytes and by age; the oldest segment goes first, and what was in it is counted as dropped.
 * 2. Records are taken oldest first. A segment's file goes when all its records are told; a restart therefore
 *    sends at most what one segment holds again, and brokers know duplicates.
 * 3. Writes reach the kernel at once but are not synced: losing power may lose the last seconds, as would not
 *    measuring.
 * 4. A torn tail is cut off at start; a segment written before is never appended to.
 *
 * I/O is synchronous on purpose: a few kilobytes a second, and no state can change between a look and a
 * write.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Batch } from '@ringwatch/contracts';
import { Fault, type Clock } from '@ringwatch/kernel';
import {
  fromWire,
  LIMITS_CEILING,
  resolveSchemas,
  SchemaTable,
  toWire,
  type Report,
} from '@ringwatch/metrics';
import {
  encodeRecord,
  placeRecord,
  scanSegment,
  SEGMENT_HEADER,
  type SegmentRecord,
} from './segment-format.ts';

export interface DiskBufferOptions {
  readonly folder: string;
  readonly bytesMax: number;
  readonly ageMaxMs: number;
  readonly clock: Clock;
  /** Default 256 KiB. */
  readonly segmentBytes?: number;
}

/** Reports that were taken; `done` says that their fate is known and they may be forgotten. */
export interface Taken {
  readonly reports: readonly Report[];
  done(): void;
}

interface Entry {
  readonly record: SegmentRecord;
  state: 'waiting' | 'taken' | 'done';
}

interface Segment {
  readonly path: string;
  readonly fd: number;
  bytes: number;
  readonly entries: Entry[];
  /** Schemas met while reading; records refer back to those before them. */
  readonly schemas: SchemaTable;
  /** Hashes whose keys were written into this segment. */
  readonly written: Set<string>;
}

const SEGMENT_BYTES = 256 * 1024;
/** With the keys of schemas on top this stays far below a message's 4 MiB. */
const TAKE_BYTES_MAX = 1024 * 1024;
const SUFFIX = '.segment';

export class DiskBuffer {
  readonly #options: DiskBufferOptions;
  /** Oldest first; the last one is written to, if it was opened by this process. */
  readonly #segments: Segment[] = [];
  #active: Segment | undefined;
  #nextId = 1;
  #dropped = 0;

  /**
   * Opens what an earlier process left. @throws {Fault} `failed_precondition` for another version's files.
   */
  constructor(options: DiskBufferOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
    for (const name of readdirSync(options.folder)
      .filter((each) => each.endsWith(SUFFIX))
      .sort()) {
      this.#nextId = Number.parseInt(name, 10) + 1;
      this.#recover(join(options.folder, name));
    }
    this.#enforceBounds();
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Reports whose fate is not known. */
  get waiting(): number {
    return this.#segments.reduce((sum, segment) => sum + reportsLeft(segment), 0);
  }

  /** Reports dropped for want of room or for age since start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes what was measured at one instant. @throws the disk's own error; nothing is then half written. */
  append(reports: readonly Report[]): void {
    const { clock, segmentBytes = SEGMENT_BYTES } = this.#options;
    if (this.#active === undefined || this.#active.bytes >= segmentBytes) this.#active = this.#openSegment();
    const segment = this.#active;
    const message = { sequence: 0, ...toWire(reports, segment.written) };
    const record = encodeRecord(clock.nowMs(), reports.length, Batch.encode(message).finish());
    try {
      writeAll(segment.fd, record, segment.bytes);
    } catch (error) {
      this.#active = undefined; // The next write goes elsewhere; a torn tail is cut off when it is read.
      throw error;
    }
    for (const { schema } of reports) segment.written.add(schema.hash);
    segment.entries.push({ record: placeRecord(record, segment.bytes), state: 'waiting' });
    segment.bytes += record.length;
    this.#enforceBounds();
  }

  /** The oldest waiting records, whole ones, up to about these bounds; undefined when none waits. */
  take(reportsMax: number, bytesMax = TAKE_BYTES_MAX): Taken | undefined {
    this.#enforceBounds();
    for (const segment of this.#segments) {
      const entries: Entry[] = [];
      let count = 0;
      let bytes = 0;
      for (const entry of segment.entries) {
        if (entry.state !== 'waiting') continue;
        count += entry.record.reports;
        bytes += entry.record.length;
        if (entries.length > 0 && (count > reportsMax || bytes > bytesMax)) break;
        entries.push(entry);
      }
      if (entries.length === 0) continue;
      // Before reading: a record that cannot be read is not tried for ever.
      for (const entry of entries) entry.state = 'taken';
      const reports = entries.flatMap((entry) => read(segment, entry.record));
      return { reports, done: () => this.#done(segment, entries) };
    }
    return undefined;
  }

  /** Keeps on disk what waits, and nothing else. */
  close(): void {
    this.#active = undefined;
    for (const segment of this.#segments.slice()) {
      if (reportsLeft(segment) === 0) this.#remove(segment);
      else closeSync(segment.fd);
    }
    this.#segments.length = 0;
  }

  #done(segment: Segment, entries: readonly Entry[]): void {
    for (const entry of entries) entry.state = 'done';
    if (segment !== this.#active && reportsLeft(segment) === 0) this.#remove(segment);
  }

  #recover(path: string): void {
    const { records, end } = scanSegment(readFileSync(path));
    const segment = newSegment(path, openSync(path, 'r'), end);
    for (const record of records) segment.entries.push({ record, state: 'waiting' });
    this.#segments.push(segment);
    if (records.length === 0) this.#remove(segment);
  }

  #openSegment(): Segment {
    const previous = this.#active;
    const path = join(this.#options.folder, `${String(this.#nextId++).padStart(12, '0')}${SUFFIX}`);
    const segment = newSegment(path, openSync(path, 'wx+'), SEGMENT_HEADER.length);
    writeAll(segment.fd, SEGMENT_HEADER, 0);
    this.#segments.push(segment);
    if (previous !== undefined && reportsLeft(previous) === 0) this.#remove(previous);
    return segment;
  }

  /** Drops the oldest segments that are too much or too old, counting what was in them. */
  #enforceBounds(): void {
    const { bytesMax, ageMaxMs, clock } = this.#options;
    for (let oldest = this.#segments[0]; oldest !== undefined; oldest = this.#segments[0]) {
      const newestMs = oldest.entries.at(-1)?.record.timeMs ?? Number.POSITIVE_INFINITY;
      const tooOld = newestMs < clock.nowMs() - ageMaxMs;
      if (!tooOld && (this.bytes <= bytesMax || oldest === this.#active)) return;
      this.#dropped += reportsLeft(oldest);
      this.#remove(oldest);
    }
  }

  #remove(segment: Segment): void {
    if (segment === this.#active) this.#active = undefined;
    const at = this.#segments.indexOf(segment);
    if (at < 0) return; // Dropped while its records were under way.
    this.#segments.splice(at, 1);
    closeSync(segment.fd);
    unlinkSync(segment.path);
  }
}

function newSegment(path: string, fd: number, bytes: number): Segment {
  return { path, fd, bytes, entries: [], schemas: new SchemaTable(), written: new Set() };
}

function reportsLeft(segment: Segment): number {
  return segment.entries.reduce((sum, { record, state }) => sum + (state === 'done' ? 0 : record.reports), 0);
}

function read(segment: Segment, record: SegmentRecord): Report[] {
  const payload = Buffer.allocUnsafe(record.length);
  const length = readSync(segment.fd, payload, 0, record.length, record.offset);
  if (length !== record.length) throw new Fault('data_loss', `${segment.path} became shorter`);
  const batch = Batch.decode(payload);
  const schemas = resolveSchemas(batch.schemas, segment.schemas, LIMITS_CEILING);
  return batch.reports.map((wire) => {
    const report = fromWire(wire, schemas);
    if (report instanceof Fault) throw report;
    return report;
  });
}

function writeAll(fd: number, bytes: Buffer, position: number): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
}
