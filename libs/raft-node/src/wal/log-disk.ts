/**
 * The disk of the write-ahead log as a port. Calls are synchronous, because the worker that makes them owns
 * its thread and a synchronous write with its sync takes a third to two thirds of the time of asynchronous
 * ones. Only the end of a sync is a callback, so that a simulated disk can let virtual time pass before it.
 *
 * Everything that fails throws a {@link Fault}: `resource_exhausted`, reason `disk_full`, when there is no
 * space, `unavailable` otherwise. What else is thrown is a bug, or a crash that a simulation stages.
 */
import type { Fault } from '@ringwatch/kernel';

export interface LogDisk {
  /** Creates a folder and its parents; no fault when it exists. */
  makeFolder(path: string): void;
  /** Names in a folder, in no order. */
  list(path: string): string[];
  /** Opens a file for reading and writing; creates it when `create` is true, otherwise it must exist. */
  open(path: string, create: boolean): LogFile;
  /** Replaces `to` when it exists. */
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes creations, renames and removals in a folder durable. */
  syncFolder(path: string): void;
}

export interface LogFile {
  sizeBytes(): number;
  /** Reads into all of `target`; returns the bytes read, fewer at the end of the file. */
  read(target: Uint8Array, position: number): number;
  /** Writes all of `source`; the file grows as needed. */
  write(source: Uint8Array, position: number): void;
  truncate(sizeBytes: number): void;
  /**
   * Puts all that was written so far on stable storage (fdatasync). `done` is called exactly once, with a
   * fault when that failed; the real disk calls it before this returns. Does not throw faults itself.
   */
  sync(done: (fault?: Fault) => void): void;
  close(): void;
}
