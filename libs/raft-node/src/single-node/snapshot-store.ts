/**
 * One snapshot per folder, replaced atomically: written beside the old one, synced, renamed over it, folder
 * synced.
 *
 *     "RWSN" | u32 crc32 of the rest | u64 index | data
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Fault } from '@ringwatch/kernel';
import type { Disk } from './disk.ts';
import { nodeDisk } from './node-disk.ts';

const MAGIC = 0x4e535752; // "RWSN"
const HEADER_BYTES = 16;
const NAME = 'snapshot';
const NEXT_NAME = 'snapshot.next';

export interface Snapshot {
  /** The state reflects every entry up to here. */
  readonly index: number;
  readonly data: Buffer;
}

export class SnapshotStore {
  constructor(
    private readonly folder: string,
    private readonly disk: Disk = nodeDisk,
  ) {}

  /** The newest snapshot, or undefined. @throws {Fault} `data_loss` when it is damaged. */
  async load(): Promise<Snapshot | undefined> {
    await this.disk.makeFolder(this.folder);
    if (!(await this.disk.list(this.folder)).includes(NAME)) return undefined;
    const file = await this.disk.open(join(this.folder, NAME), false);
    const bytes = Buffer.alloc(await file.sizeBytes());
    await file.read(bytes, 0);
    await file.close();
    const intact =
      bytes.length >= HEADER_BYTES &&
      bytes.readUInt32LE(0) === MAGIC &&
      bytes.readUInt32LE(4) === crc32(bytes.subarray(8));
    if (!intact)
      throw new Fault('data_loss', `the snapshot in ${this.folder} is damaged`, {
        reason: 'snapshot_corrupt',
      });
    return { index: Number(bytes.readBigUInt64LE(8)), data: bytes.subarray(HEADER_BYTES) };
  }

  /** Replaces the snapshot; durable when this resolves. */
  async save(snapshot: Snapshot): Promise<void> {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(MAGIC, 0);
    header.writeBigUInt64LE(BigInt(snapshot.index), 8);
    header.writeUInt32LE(crc32(snapshot.data, crc32(header.subarray(8))), 4);
    await this.disk.makeFolder(this.folder);
    const path = join(this.folder, NEXT_NAME);
    const file = await this.disk.open(path, true);
    await file.truncate(0);
    await file.write(Buffer.concat([header, snapshot.data]), 0);
    await file.sync();
    await file.close();
    await this.disk.rename(path, join(this.folder, NAME));
    await this.disk.syncFolder(this.folder);
  }
}
