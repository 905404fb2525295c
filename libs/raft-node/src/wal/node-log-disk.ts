/** The machine's own disk, by Node's synchronous calls. */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { assert, Fault } from '@ringwatch/kernel';
import type { LogDisk, LogFile } from './log-disk.ts';

const FILE_MODE = 0o640;

export const nodeLogDisk: LogDisk = {
  makeFolder: (path) => void attempt(() => mkdirSync(path, { recursive: true })),
  list: (path) => attempt(() => readdirSync(path)),
  open: (path, create) => {
    const flags = constants.O_RDWR | (create ? constants.O_CREAT : 0);
    return new NodeLogFile(attempt(() => openSync(path, flags, FILE_MODE)));
  },
  rename: (from, to) => attempt(() => renameSync(from, to)),
  remove: (path) => attempt(() => unlinkSync(path)),
  syncFolder: (path) =>
    attempt(() => {
      const folder = openSync(path, constants.O_RDONLY);
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    }),
};

class NodeLogFile implements LogFile {
  readonly #descriptor: number;
  #isClosed = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  sizeBytes(): number {
    return attempt(() => fstatSync(this.#descriptor).size);
  }

  read(target: Uint8Array, position: number): number {
    return attempt(() => {
      let filled = 0;
      while (filled < target.length) {
        const wanted = target.length - filled;
        const read = readSync(this.#descriptor, target, filled, wanted, position + filled);
        if (read === 0) break;
        filled += read;
      }
      return filled;
    });
  }

  write(source: Uint8Array, position: number): void {
    attempt(() => {
      let written = 0;
      while (written < source.length) {
        const left = source.length - written;
        written += writeSync(this.#descriptor, source, written, left, position + written);
      }
    });
  }

  truncate(sizeBytes: number): void {
    attempt(() => ftruncateSync(this.#descriptor, sizeBytes));
  }

  sync(done: (fault?: Fault) => void): void {
    // `done` runs outside the attempt: what it throws is not the disk's failure.
    let fault: Fault | undefined;
    try {
      fdatasyncSync(this.#descriptor);
    } catch (error) {
      fault = faultOf(error);
    }
    done(fault);
  }

  close(): void {
    assert(!this.#isClosed, 'a file is closed once: its number may be that of another file by now');
    this.#isClosed = true;
    attempt(() => closeSync(this.#descriptor));
  }
}

function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw faultOf(error);
  }
}

function faultOf(error: unknown): Fault {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Fault('resource_exhausted', message, { cause: error, reason: 'disk_full' });
  return new Fault('unavailable', message, { cause: error, reason: 'disk_failed' });
}
