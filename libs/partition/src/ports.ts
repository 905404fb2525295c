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

export type HistoryOutcome = 'written' | 'duplicate' | 'conflict' | 'refused';

/** The history behind the retained log, as far as the partition writes and reads it. */
export interface ReportHistory {
  /**
   * Writes reports and tells of each, in their order, what became of it; equal ones again are fine.
   * `conflict`: other content is there and stays; `refused`: it will never be stored. Rejects when it may
   * work later.
   */
  write(reports: readonly Report[], ttlMs: number): Promise<readonly HistoryOutcome[]>;
  /** Changes when the store may have lost what it had (restart, failover). */
  identity(): Promise<string>;
  point(hostId: string, timestamp: number): Promise<Report | undefined>;
  /** Oldest first, start <= timestamp < end. */
  range(hostId: string, start: number, end: number, limit: number): Promise<Report[]>;
}
