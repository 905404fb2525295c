/**
 * A disk in memory that keeps what was synced apart from what was only written, so that a crash can lose the
 * rest.
 *
 * 1. After {@link SimulatedDisk.crash} every file has its synced bytes; of the unsynced writes any subset of
 *    sectors may have reached the medium, and a name counts only if its folder was synced after the change.
 * 2. A sync can be made to fail; as on a real disk, what failed to sync is gone.
 */
import { Fault, randomBelow, type Random } from '@ringwatch/kernel';
import type { Disk, DiskFile } from '@ringwatch/raft-node';

const SECTOR_BYTES = 512;

interface Content {
  written: Buffer;
  synced: Buffer;
}

export class SimulatedDisk implements Disk {
  /** Names as processes see them, and as a crash would leave them. */
  #names = new Map<string, Content>();
  #syncedNames = new Map<string, Content>();
  #failingSyncs = 0;
  /** Syncs that succeeded. */
  syncs = 0;

  constructor(private readonly random: Random) {}

  /** The next `count` syncs fail. */
  failSyncs(count: number): void {
    this.#failingSyncs = count;
  }

  /** Power loss: what was not synced survives by chance, sector by sector. */
  crash(): void {
    this.#names = new Map(this.#syncedNames);
    for (const content of this.#names.values()) {
      content.written = this.#tear(content);
      content.synced = Buffer.from(content.written);
    }
  }

  /** Flips one bit of what is stored under `path`. */
  flipBit(path: string, position: number): void {
    const content = this.#content(path);
    for (const bytes of [content.written, content.synced]) {
      if (position < bytes.length) bytes.writeUInt8((bytes[position] as number) ^ 1, position);
    }
  }

  paths(): string[] {
    return [...this.#names.keys()].toSorted();
  }

  async makeFolder(): Promise<void> {}

  async list(path: string): Promise<string[]> {
    const prefix = `${path}/`;
    return [...this.#names.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  async open(path: string, create: boolean): Promise<DiskFile> {
    if (create && !this.#names.has(path)) {
      this.#names.set(path, { written: Buffer.alloc(0), synced: Buffer.alloc(0) });
    }
    return new SimulatedFile(this.#content(path), () => this.#sync());
  }

  async rename(from: string, to: string): Promise<void> {
    this.#names.set(to, this.#content(from));
    this.#names.delete(from);
  }

  async remove(path: string): Promise<void> {
    this.#names.delete(path);
  }

  async syncFolder(path: string): Promise<void> {
    this.#sync();
    const prefix = `${path}/`;
    for (const name of this.#syncedNames.keys()) {
      if (name.startsWith(prefix) && !this.#names.has(name)) this.#syncedNames.delete(name);
    }
    for (const [name, content] of this.#names)
      if (name.startsWith(prefix)) this.#syncedNames.set(name, content);
  }

  #sync(): void {
    if (this.#failingSyncs > 0) {
      this.#failingSyncs--;
      throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    }
    this.syncs++;
  }

  #content(path: string): Content {
    const content = this.#names.get(path);
    if (content === undefined) throw new Fault('not_found', `no file ${path}`);
    return content;
  }

  #tear({ written, synced }: Content): Buffer {
    // The size is metadata: it may or may not have grown.
    const size = this.random.next() < 0.5 ? written.length : synced.length;
    const left = Buffer.alloc(size);
    synced.copy(left, 0, 0, size);
    for (let at = 0; at < size; at += SECTOR_BYTES) {
      if (randomBelow(this.random, 2) === 1) written.copy(left, at, at, Math.min(at + SECTOR_BYTES, size));
    }
    return left;
  }
}

class SimulatedFile implements DiskFile {
  constructor(
    private readonly content: Content,
    private readonly onSync: () => void,
  ) {}

  async sizeBytes(): Promise<number> {
    return this.content.written.length;
  }

  async read(target: Buffer, position: number): Promise<number> {
    return this.content.written.copy(target, 0, position);
  }

  async write(source: Buffer, position: number): Promise<void> {
    const size = Math.max(this.content.written.length, position + source.length);
    const grown = Buffer.alloc(size);
    this.content.written.copy(grown);
    source.copy(grown, position);
    this.content.written = grown;
  }

  async truncate(sizeBytes: number): Promise<void> {
    const resized = Buffer.alloc(sizeBytes);
    this.content.written.copy(resized);
    this.content.written = resized;
  }

  async sync(): Promise<void> {
    this.onSync();
    this.content.synced = Buffer.from(this.content.written);
  }

  async close(): Promise<void> {}
}
