/**
 * The disk of the write-ahead log in memory, with all that a real one may do when the power goes.
 * Deterministic from its random source.
 *
 * 1. A write is durable when a sync that began after it has completed. Until then {@link
 *    SimulatedLogDisk.crash} decides for each sector of 512 bytes: it holds what it held before, what was
 *    written, or garbage. Garbage replaces written bytes only: a sector's other bytes are safe, as SQLite's
 *    "powersafe overwrite" has it.
 * 2. Names change durably, in order, with the folder's sync; a crash leaves a head of the changes since.
 * 3. What failed to sync looks written until the crash and stays in danger, whatever syncs succeed later,
 *    unless it is written again.
 * 4. A handle from before a crash or restart is void, and syncs that were under way never end.
 */
import { assert, Fault, randomBelow, type Random } from '@ringwatch/kernel';
import type { LogDisk, LogFile } from '@ringwatch/raft-node';

export const SECTOR_BYTES = 512;
/** One in so many sectors that a crash may change becomes garbage. */
const GARBAGE_ODDS = 8;

/**
 * Is thrown by the operation at which {@link SimulatedLogDisk.crashAfter} stages a crash, and by all later.
 */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash';
}

export interface SimulatedLogDiskOptions {
  readonly random: Random;
  /** Bytes of all files together; beyond it the disk is full. Default: no limit. */
  readonly capacityBytes?: number;
  /** Runs the end of a sync, later if it likes. Default: at once. */
  readonly schedule?: (done: () => void) => void;
}

/** A sector's bytes before it was written, and which of them were. */
interface Unsynced {
  readonly before: Buffer;
  from: number;
  to: number;
}

/** What was written between two syncs. */
interface Generation {
  readonly sectors: Map<number, Unsynced>;
  readonly sizeBefore: number;
  hasFailed: boolean;
}

interface Content {
  bytes: Buffer;
  sizeBytes: number;
  /** Oldest first; the last one takes writes. */
  generations: Generation[];
}

interface NameChange {
  readonly folder: string;
  readonly apply: (names: Map<string, Content>) => void;
}

export class SimulatedLogDisk implements LogDisk {
  readonly #random: Random;
  readonly #schedule: (done: () => void) => void;
  /** Names as a process sees them, and as they are on the medium. */
  #names = new Map<string, Content>();
  #durableNames = new Map<string, Content>();
  #changes: NameChange[] = [];
  #failingSyncs = 0;
  #operationsLeft = Infinity;
  #isDown = false;
  #epoch = 0;
  /** Bytes of all files together; a file that would grow beyond finds the disk full. */
  capacityBytes: number;
  /**
   * What happened so far. `tornWrites` counts files of which a crash kept some unsynced sectors, lost others.
   */
  readonly counters = { syncs: 0, syncErrors: 0, crashes: 0, tornWrites: 0, lostBytes: 0, bitFlips: 0 };

  constructor({ random, capacityBytes = Infinity, schedule = (done) => done() }: SimulatedLogDiskOptions) {
    this.#random = random;
    this.capacityBytes = capacityBytes;
    this.#schedule = schedule;
  }

  /** The next `count` syncs, of files or folders, fail. */
  failSyncs(count: number): void {
    this.#failingSyncs = count;
  }

  /** The operation that comes after `operations` others is the last: it throws {@link SimulatedCrash}. */
  crashAfter(operations: number): void {
    this.#operationsLeft = operations;
  }

  /** Power loss and return. */
  crash(): void {
    this.counters.crashes++;
    this.#epoch++;
    this.#isDown = false;
    this.#operationsLeft = Infinity;
    this.#names = new Map(this.#durableNames);
    const kept = randomBelow(this.#random, this.#changes.length + 1);
    for (const change of this.#changes.slice(0, kept)) change.apply(this.#names);
    this.#changes = [];
    this.#durableNames = new Map(this.#names);
    for (const content of new Set(this.#names.values())) this.#tear(content);
  }

  /** The process ends and nothing else: what it wrote is still there, synced or not. */
  restart(): void {
    this.#epoch++;
    this.#isDown = false;
    this.#operationsLeft = Infinity;
  }

  /** Flips one bit of what is stored under `path`. */
  flipBit(path: string, position: number, bit: number): void {
    const { bytes, sizeBytes } = this.#content(path);
    assert(position < sizeBytes && bit < 8, 'there is such a bit');
    bytes.writeUInt8(bytes.readUInt8(position) ^ (1 << bit), position);
    this.counters.bitFlips++;
  }

  /** All files, sorted. */
  paths(): string[] {
    return [...this.#names.keys()].toSorted();
  }

  /** A copy of what a process would read. */
  contentOf(path: string): Buffer {
    const { bytes, sizeBytes } = this.#content(path);
    return Buffer.from(bytes.subarray(0, sizeBytes));
  }

  /** Folders are there. */
  makeFolder(): void {
    this.#operate();
  }

  list(path: string): string[] {
    const prefix = `${path}/`;
    return [...this.#names.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  open(path: string, create: boolean): LogFile {
    if (create && !this.#names.has(path)) {
      this.#operate();
      const content = { bytes: Buffer.alloc(0), sizeBytes: 0, generations: [newGeneration(0)] };
      this.#change(path, (names) => void names.set(path, content));
    }
    return new SimulatedLogFile(this.#content(path), this.#hostOf(this.#epoch));
  }

  rename(from: string, to: string): void {
    this.#operate();
    const content = this.#content(from);
    this.#change(to, (names) => {
      names.delete(from);
      names.set(to, content);
    });
  }

  remove(path: string): void {
    this.#operate();
    this.#content(path);
    this.#change(path, (names) => void names.delete(path));
  }

  syncFolder(path: string): void {
    this.#operate();
    if (this.#fails()) throw syncFault();
    this.counters.syncs++;
    const isInside = ({ folder }: NameChange): boolean => folder === path;
    for (const change of this.#changes.filter(isInside)) change.apply(this.#durableNames);
    this.#changes = this.#changes.filter((change) => !isInside(change));
  }

  #change(path: string, apply: NameChange['apply']): void {
    apply(this.#names);
    this.#changes.push({ folder: path.slice(0, Math.max(path.lastIndexOf('/'), 0)), apply });
  }

  #content(path: string): Content {
    const content = this.#names.get(path);
    if (content === undefined) throw new Fault('not_found', `no file ${path}`);
    return content;
  }

  #operate(): void {
    if (this.#isDown) throw new SimulatedCrash('the disk is down');
    if (this.#operationsLeft-- > 0) return;
    this.#isDown = true;
    throw new SimulatedCrash('power loss');
  }

  #fails(): boolean {
    if (this.#failingSyncs === 0) return false;
    this.#failingSyncs--;
    this.counters.syncErrors++;
    return true;
  }

  #hostOf(epoch: number): FileHost {
    return {
      check: () => {
        assert(epoch === this.#epoch, 'a handle from before the crash is used');
        if (this.#isDown) throw new SimulatedCrash('the disk is down');
      },
      operate: () => this.#operate(),
      fails: () => this.#fails(),
      synced: () => void this.counters.syncs++,
      schedule: (done) => this.#schedule(() => epoch === this.#epoch && !this.#isDown && done()),
      grow: (bytes) => {
        let usedBytes = bytes;
        if (this.capacityBytes < Infinity)
          for (const { sizeBytes } of this.#names.values()) usedBytes += sizeBytes;
        if (usedBytes > this.capacityBytes)
          throw new Fault('resource_exhausted', 'no space left', { reason: 'disk_full' });
      },
    };
  }

  #tear(content: Content): void {
    const { generations, bytes } = content;
    const kept = { lost: 0, written: 0 };
    for (const number of new Set(generations.flatMap(({ sectors }) => [...sectors.keys()]))) {
      const candidates = generations.flatMap(({ sectors }) => sectors.get(number) ?? []);
      const chosen = candidates[randomBelow(this.#random, candidates.length + 1)];
      if (chosen === undefined) kept.written++;
      else {
        chosen.before.copy(bytes, number * SECTOR_BYTES);
        kept.lost++;
        for (const { from, to } of candidates.slice(candidates.indexOf(chosen)))
          this.counters.lostBytes += to - from;
      }
      if (randomBelow(this.#random, GARBAGE_ODDS) === 0) this.#garble(bytes, number, candidates);
    }
    if (kept.lost > 0 && kept.written > 0) this.counters.tornWrites++;
    const sizes = [...generations.map(({ sizeBefore }) => sizeBefore), content.sizeBytes];
    const sizeBytes = sizes[randomBelow(this.#random, sizes.length)] as number;
    bytes.fill(0, sizeBytes);
    content.sizeBytes = sizeBytes;
    content.generations = [newGeneration(sizeBytes)];
  }

  #garble(bytes: Buffer, sector: number, candidates: readonly Unsynced[]): void {
    for (const { from, to } of candidates)
      for (let at = from; at < to; at++) bytes[sector * SECTOR_BYTES + at] = randomBelow(this.#random, 256);
  }
}

/** What a file needs of its disk. */
interface FileHost {
  check(): void;
  operate(): void;
  fails(): boolean;
  synced(): void;
  schedule(done: () => void): void;
  /** @throws {Fault} `resource_exhausted`, reason `disk_full`. */
  grow(bytes: number): void;
}

class SimulatedLogFile implements LogFile {
  readonly #content: Content;
  readonly #host: FileHost;
  #isClosed = false;

  constructor(content: Content, host: FileHost) {
    this.#content = content;
    this.#host = host;
  }

  sizeBytes(): number {
    this.#check();
    return this.#content.sizeBytes;
  }

  read(target: Uint8Array, position: number): number {
    this.#check();
    const { bytes, sizeBytes } = this.#content;
    return bytes.copy(target, 0, position, Math.min(sizeBytes, position + target.length));
  }

  write(source: Uint8Array, position: number): void {
    this.#check();
    const end = position + source.length;
    if (end > this.#content.sizeBytes) this.#host.grow(end - this.#content.sizeBytes);
    this.#remember(position, end);
    this.#content.bytes.set(source, position);
    this.#content.sizeBytes = Math.max(this.#content.sizeBytes, end);
    // A crash at a write leaves what was written of it to chance, like all that is not synced.
    this.#host.operate();
  }

  truncate(sizeBytes: number): void {
    this.#check();
    this.#host.operate();
    const content = this.#content;
    if (sizeBytes > content.sizeBytes) this.#host.grow(sizeBytes - content.sizeBytes);
    this.#remember(Math.min(sizeBytes, content.sizeBytes), Math.max(sizeBytes, content.sizeBytes));
    content.bytes.fill(0, sizeBytes);
    content.sizeBytes = sizeBytes;
  }

  sync(done: (fault?: Fault) => void): void {
    this.#check();
    this.#host.operate();
    const content = this.#content;
    const covered = content.generations.at(-1) as Generation;
    content.generations.push(newGeneration(content.sizeBytes));
    this.#host.schedule(() => {
      const hasFailed = this.#host.fails();
      const count = content.generations.indexOf(covered) + 1;
      const ended = content.generations.splice(0, count);
      if (hasFailed) {
        for (const generation of ended) generation.hasFailed = true;
        content.generations.unshift(...ended);
        return done(syncFault());
      }
      const failed = ended.filter((generation) => generation.hasFailed);
      for (const { sectors, hasFailed } of ended)
        if (!hasFailed)
          for (const number of sectors.keys()) for (const old of failed) old.sectors.delete(number);
      content.generations.unshift(...failed);
      this.#host.synced();
      done();
    });
  }

  close(): void {
    assert(!this.#isClosed, 'a file is closed twice');
    this.#isClosed = true;
  }

  #check(): void {
    this.#host.check();
    assert(!this.#isClosed, 'a closed file is used');
  }

  /** Keeps what [from, to) holds for a crash, and makes room for it. */
  #remember(from: number, to: number): void {
    const content = this.#content;
    const needed = Math.ceil(to / SECTOR_BYTES) * SECTOR_BYTES;
    if (needed > content.bytes.length) {
      const grown = Buffer.alloc(Math.max(needed, content.bytes.length * 2));
      content.bytes.copy(grown);
      content.bytes = grown;
    }
    const { sectors } = content.generations.at(-1) as Generation;
    for (let number = Math.floor(from / SECTOR_BYTES); number * SECTOR_BYTES < to; number++) {
      const start = number * SECTOR_BYTES;
      const range = { from: Math.max(from - start, 0), to: Math.min(to - start, SECTOR_BYTES) };
      const known = sectors.get(number);
      if (known === undefined) {
        const before = Buffer.from(content.bytes.subarray(start, start + SECTOR_BYTES));
        sectors.set(number, { before, ...range });
      } else {
        known.from = Math.min(known.from, range.from);
        known.to = Math.max(known.to, range.to);
      }
    }
  }
}

function newGeneration(sizeBefore: number): Generation {
  return { sectors: new Map(), sizeBefore, hasFailed: false };
}

function syncFault(): Fault {
  return new Fault('unavailable', 'EIO: i/o error, fdatasync', { reason: 'disk_failed' });
}
