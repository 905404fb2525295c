/** What the partition needs of the world. Structural: libs/raft-node and libs/metrics-store satisfy them. */
import type { Report } from '@ringwatch/metrics';
import type { AppliedEntry } from './partition-state.ts';

/** The committed log, for reading back and forgetting. */
export interface CommitLog {
  readonly logId: string;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly sizeBytes: number;
  /** @throws {Fault} `out_of_range` when the index is not retained. */
  read(index: number): Promise<Buffer>;
  /** First index that would remain after `trim(index)`. */
  trimPoint(index: number): number;
  /** Forgets what lies before `index`, perhaps less. */
  trim(index: number): Promise<void>;
}

/** The way into the log: resolves when the entry is committed and applied. */
export interface Proposer {
  propose(payload: Buffer): Promise<{ readonly index: number; readonly result: AppliedEntry }>;
}

/** Where a snapshot is kept. */
export interface SnapshotSink {
  save(snapshot: { readonly index: number; readonly data: Buffer }): Promise<void>;
}

/** The history behind the retained log, as far as the partition writes and reads it. */
export interface ReportHistory {
  /** Writes reports; equal ones again are fine. Rejects when any of them may not be stored. */
  write(reports: readonly Report[], ttlMs: number): Promise<unknown>;
  /** Changes when the store may have lost what it had (restart, failover). */
  identity(): Promise<string>;
  point(hostId: string, timestamp: number): Promise<Report | undefined>;
  /** Oldest first, start <= timestamp < end. */
  range(hostId: string, start: number, end: number, limit: number): Promise<Report[]>;
}
