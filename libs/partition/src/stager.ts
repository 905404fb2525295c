/**
 * Gathers the parts of concurrent batches and proposes one entry per turn, so that many small requests share
 * one sync.
 *
 * 1. What arrives within {@link STAGE_MS} goes together, up to {@link STAGE_BYTES}.
 * 2. Each submission learns the fate of its own reports, in its own order.
 */
import { Fault, type Clock } from '@ringwatch/kernel';
import type { Report, Schema } from '@ringwatch/metrics';
import { encodeReports, recordBytes } from './entry.ts';
import { ReportStatus } from './partition-state.ts';
import type { Proposer } from './ports.ts';
import type { SchemaRegistry } from './schema-registry.ts';

/** Longest wait of a report for company, milliseconds. */
export const STAGE_MS = 1;
/** An entry is proposed at once when it holds this much. */
export const STAGE_BYTES = 256 * 1024;
/** An entry names its schemas with 16 bits; with the largest request on top it stays below that. */
const STAGE_REPORTS = 50_000;

export interface Outcome {
  /** Log index at which the reports were applied; 0 when there were none. */
  readonly index: number;
  /** A {@link ReportStatus} per report. */
  readonly statuses: Uint8Array;
}

interface Submission {
  readonly reports: readonly Report[];
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface StagerOptions {
  readonly clock: Clock;
  readonly proposer: Proposer;
  /** The leader's time for the next entry, Unix milliseconds. */
  readonly timeMs: () => number;
  readonly schemas: SchemaRegistry;
}

export class Stager {
  #staged: Submission[] = [];
  #stagedBytes = 0;
  #stagedReports = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(private readonly options: StagerOptions) {}

  /** Resolves when all `reports` are durable and applied. @throws {Fault} what the proposer says. */
  submit(reports: readonly Report[]): Promise<Outcome> {
    if (reports.length === 0) return Promise.resolve({ index: 0, statuses: new Uint8Array(0) });
    return new Promise((resolve, reject) => {
      this.#staged.push({ reports, resolve, reject });
      this.#stagedReports += reports.length;
      for (const report of reports) this.#stagedBytes += recordBytes(report);
      if (this.#stagedBytes >= STAGE_BYTES || this.#stagedReports >= STAGE_REPORTS) this.flush();
      else this.#cancelTimer ??= this.options.clock.after(STAGE_MS, () => this.flush());
    });
  }

  /** Proposes what is staged now. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const staged = this.#staged;
    if (staged.length === 0) return;
    this.#staged = [];
    this.#stagedBytes = 0;
    this.#stagedReports = 0;
    void this.#propose(staged);
  }

  async #propose(staged: readonly Submission[]): Promise<void> {
    const reports =
      staged.length === 1 ? (staged[0] as Submission).reports : staged.flatMap((part) => part.reports);
    const named = this.#holdLogged(reports);
    try {
      const entry = encodeReports(reports, this.options.timeMs(), (schema) => named.has(schema.hash));
      const { index, result } = await this.options.proposer.propose(entry);
      let from = 0;
      for (const part of staged) {
        part.resolve({ index, statuses: result.statuses.subarray(from, (from += part.reports.length)) });
      }
    } catch (error) {
      for (const part of staged) part.reject(error);
    } finally {
      for (const schema of named.values()) this.options.schemas.release(schema);
    }
  }

  /** The schemas that an entry may name by their hash; they stay in the log until the entry is applied. */
  #holdLogged(reports: readonly Report[]): Map<string, Schema> {
    const { schemas } = this.options;
    const held = new Map<string, Schema>();
    for (const { schema } of reports) {
      const logged = held.has(schema.hash) ? undefined : schemas.get(schema.hash);
      if (logged === undefined) continue;
      schemas.retain(logged);
      held.set(schema.hash, logged);
    }
    return held;
  }
}

/** The fault that a report's status means to its sender; undefined when the report is stored. */
export function statusFault(status: number): Fault | undefined {
  switch (status as ReportStatus) {
    case ReportStatus.accepted:
    case ReportStatus.late:
    case ReportStatus.duplicate:
      return undefined;
    case ReportStatus.conflict:
      return new Fault('already_exists', 'another report of this host and timestamp is stored', {
        reason: 'conflict',
      });
    case ReportStatus.hostQuota:
      return new Fault('resource_exhausted', 'too many new hosts this hour', {
        reason: 'new_hosts_quota',
        retryAfterMs: QUOTA_RETRY_MS,
      });
    case ReportStatus.schemaQuota:
      return new Fault('resource_exhausted', 'too many new schemas of this host this hour', {
        reason: 'new_schemas_quota',
        retryAfterMs: QUOTA_RETRY_MS,
      });
  }
}

/** Quotas count by the hour; a client that comes back each minute meets the next hour soon enough. */
const QUOTA_RETRY_MS = 60_000;
