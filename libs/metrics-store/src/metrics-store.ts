/**
 * The report store as a port: Redis, an embedded database and memory pass one contract suite (libs/testing).
 *
 * 1. (hostId, timestamp) is the key and the first content stays: equal content again is a duplicate, other
 *    content a conflict. Writing what is stored already is harmless, so a write whose reply was lost is
 *    simply written again.
 * 2. A report lives `ttlMs` from its write; expired reports are never returned.
 * 3. `write` resolves only when every report has its outcome; it rejects when the fate of any is unknown.
 */
import type { Labels, Report } from '@ringwatch/metrics';

/** `refused`: this report can never be stored here, so trying again is of no use. */
export type WriteOutcome = 'written' | 'duplicate' | 'conflict' | 'refused';

/** What the store knows of a host. */
export interface StoredHost {
  readonly hostId: string;
  /** Unix seconds of the oldest and of the newest report that was ever stored, by their own timestamps. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly labels: Labels | undefined;
  /** The newest report; outlives the report itself. */
  readonly latest: Report;
}

export interface MetricsStore {
  readonly kind: 'redis' | 'embedded' | 'memory';
  /**
   * Outcomes in the order of `reports`. @throws {Fault} `unavailable` when the store does not answer or is
   * full.
   */
  write(reports: readonly Report[], ttlMs: number): Promise<readonly WriteOutcome[]>;
  /** The report of `hostId` at exactly `timestamp` (Unix seconds). */
  point(hostId: string, timestamp: number): Promise<Report | undefined>;
  /**
   * Reports with start <= timestamp < end (Unix seconds), oldest first, at most `limit`. May leave out what
   * is older than the host's newest report by more than the lifetime.
   */
  range(hostId: string, start: number, end: number, limit: number): Promise<Report[]>;
  host(hostId: string): Promise<StoredHost | undefined>;
  /** Ids of all hosts, the one seen last first; `offset` and `limit` page. */
  hostIds(offset: number, limit: number): Promise<string[]>;
  /** Another value than before means that the store may have lost what it acknowledged. */
  identity(): Promise<string>;
  close(): Promise<void>;
}
