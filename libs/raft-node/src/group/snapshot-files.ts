/**
 * Snapshots on disk: one file each, written in chunks beside where it will stand and renamed there when it
 * is whole and synced.
 *
 *     file    "RWSF" | u16 version = 1 | u16 0 | u32 group | u32 0 | u64 index | u64 term | u32 crc of these
 *     chunk   u32 bytes | u32 crc of the bytes | bytes
 *     end     u32 0 | u32 crc over all chunks
 *
 * Little-endian, CRC-32. The name says group, index and term too. Members and everything else that the log
 * must know stands in the log, which names the file that counts: the others are left from a crash.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Fault } from '@ringwatch/kernel';
import type { LogDisk, LogFile } from '../wal/log-disk.ts';
import type { GroupId, SnapshotSink, SnapshotSource } from '../peers/peer-transport.ts';

/** Which snapshot: the state of `group` after the entry at `index`, which was of `term`. */
export interface SnapshotName {
  readonly group: GroupId;
  readonly index: number;
  readonly term: number;
}

/** A chunk on disk, and in the network, is at most this large; what is handed in larger is cut. */
export const CHUNK_BYTES_MAX = 256 * 1024;

const MAGIC = 0x46535752; // "RWSF"
const VERSION = 1;
const HEADER_BYTES = 36;
const CHUNK_HEADER_BYTES = 8;
const NAME = /^(\d+)-(\d+)-(\d+)\.snapshot$/;

export class SnapshotFiles {
  readonly #disk: LogDisk;
  readonly #folder: string;
  #next = 0;

  /** Creates the folder when it is missing, and removes what an earlier run did not finish. */
  constructor(disk: LogDisk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
    disk.makeFolder(folder);
    for (const name of disk.list(folder)) {
      if (name.endsWith('.part')) disk.remove(join(folder, name));
    }
  }

  /** Writes a new snapshot. Nothing is to be seen of it until its sink is finished. */
  create(name: SnapshotName): SnapshotSink {
    const part = join(this.#folder, `${this.#next++}.part`);
    return new FileSink(this.#disk, name, part, this.#folder);
  }

  /** Reads a snapshot. @throws {Fault} `data_loss` when it is missing or damaged. */
  open(name: SnapshotName): SnapshotSource {
    if (!this.has(name)) throw damaged(fileName(name), 'it is not there');
    return new FileSource(this.#disk.open(join(this.#folder, fileName(name)), false), name);
  }

  has(name: SnapshotName): boolean {
    return this.#disk.list(this.#folder).includes(fileName(name));
  }

  /** Removes the snapshots of `group` that `obsolete` says are not needed any more. */
  remove(group: GroupId, obsolete: (snapshot: SnapshotName) => boolean): void {
    for (const name of this.#disk.list(this.#folder)) {
      const [, itsGroup, index = 0, term = 0] = NAME.exec(name)?.map(Number) ?? [];
      if (itsGroup !== group || !obsolete({ group, index, term })) continue;
      this.#disk.remove(join(this.#folder, name));
    }
  }
}

class FileSink implements SnapshotSink {
  readonly #file: LogFile;
  #at = HEADER_BYTES;
  #crc = 0;

  constructor(
    private readonly disk: LogDisk,
    private readonly name: SnapshotName,
    private readonly part: string,
    private readonly folder: string,
  ) {
    this.#file = disk.open(part, true);
    try {
      this.#file.write(header(name), 0);
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  write(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; from += CHUNK_BYTES_MAX) {
      this.#writeChunk(chunk.subarray(from, from + CHUNK_BYTES_MAX));
    }
  }

  finish(done: (taken: boolean) => void): void {
    try {
      this.#writeFrame(0, this.#crc);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.abort();
      done(false);
      return;
    }
    this.#file.sync((fault) => {
      this.#file.close();
      done(fault === undefined && this.#publish());
    });
  }

  abort(): void {
    this.#file.close();
    this.disk.remove(this.part);
  }

  /** False when the disk does not let it: what is left of it goes with the next start. */
  #publish(): boolean {
    try {
      this.disk.rename(this.part, join(this.folder, fileName(this.name)));
      this.disk.syncFolder(this.folder);
      return true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return false;
    }
  }

  #writeChunk(chunk: Uint8Array): void {
    this.#crc = crc32(chunk, this.#crc);
    this.#writeFrame(chunk.length, crc32(chunk));
    this.#file.write(chunk, this.#at);
    this.#at += chunk.length;
  }

  #writeFrame(bytes: number, crc: number): void {
    const frame = Buffer.alloc(CHUNK_HEADER_BYTES);
    frame.writeUInt32LE(bytes, 0);
    frame.writeUInt32LE(crc, 4);
    this.#file.write(frame, this.#at);
    this.#at += CHUNK_HEADER_BYTES;
  }
}

class FileSource implements SnapshotSource {
  #at = HEADER_BYTES;
  #crc = 0;

  constructor(
    private readonly file: LogFile,
    private readonly name: SnapshotName,
  ) {
    if (!header(name).equals(this.#read(0, HEADER_BYTES))) throw this.#damaged('its header is wrong');
  }

  next(): Uint8Array | undefined {
    const frame = this.#read(this.#at, CHUNK_HEADER_BYTES);
    const [bytes, crc] = [frame.readUInt32LE(0), frame.readUInt32LE(4)];
    this.#at += CHUNK_HEADER_BYTES;
    if (bytes === 0) {
      if (crc !== this.#crc) throw this.#damaged('it has lost a part');
      return undefined;
    }
    if (bytes > CHUNK_BYTES_MAX) throw this.#damaged('a chunk is too long');
    const chunk = this.#read(this.#at, bytes);
    if (crc32(chunk) !== crc) throw this.#damaged('a chunk has another checksum');
    this.#crc = crc32(chunk, this.#crc);
    this.#at += bytes;
    return chunk;
  }

  close(): void {
    this.file.close();
  }

  #read(at: number, bytes: number): Buffer {
    const target = Buffer.alloc(bytes);
    if (this.file.read(target, at) !== bytes) throw this.#damaged('it is cut short');
    return target;
  }

  #damaged(what: string): Fault {
    return damaged(fileName(this.name), what);
  }
}

function header({ group, index, term }: SnapshotName): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt16LE(VERSION, 4);
  bytes.writeUInt32LE(group, 8);
  bytes.writeBigUInt64LE(BigInt(index), 16);
  bytes.writeBigUInt64LE(BigInt(term), 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
  return bytes;
}

function fileName({ group, index, term }: SnapshotName): string {
  return `${group}-${index}-${term}.snapshot`;
}

function damaged(name: string, what: string): Fault {
  return new Fault('data_loss', `snapshot ${name} cannot be used: ${what}`, { reason: 'snapshot_corrupt' });
}
