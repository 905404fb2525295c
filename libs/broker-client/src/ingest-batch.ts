/**
 * One batch on its way: which of its reports are still to be told about, and what became of the others. Pure.
 *
 * 1. `unavailable` items are sent again for as long as it takes, as after a lost connection; other retryable
 *    items, and a schema that the broker forgot, at most {@link ITEM_ATTEMPTS_MAX} times.
 * 2. Sending again is safe because (host, timestamp) is the key: what was stored already comes back as a
 *    duplicate.
 */
import type { BatchAck } from '@ringwatch/contracts';
import { Fault } from '@ringwatch/kernel';
import type { Report } from '@ringwatch/metrics';
import { faultCodeOf } from './grpc-fault.ts';

export const ITEM_ATTEMPTS_MAX = 5;

/** A report that the brokers will not take. */
export interface Refusal {
  readonly report: Report;
  readonly fault: Fault;
}

/** What became of a batch. */
export interface BatchResult {
  /** Stored for the first time, as far as the acknowledgements tell. */
  readonly accepted: number;
  readonly duplicates: number;
  readonly refusals: readonly Refusal[];
}

export interface BatchState extends BatchResult {
  /** What the next sending carries; empty when all is told. */
  readonly reports: readonly Report[];
  /** Acknowledgements that asked for another sending. */
  readonly attempts: number;
}

/** What an acknowledgement makes of a batch, and when what is left may be sent again. */
export interface AckOutcome {
  readonly state: BatchState;
  readonly retryAfterMs: number;
  /** Hashes whose keys the broker does not know any more. */
  readonly forgotten: readonly string[];
}

export function newBatch(reports: readonly Report[]): BatchState {
  return { reports, attempts: 0, accepted: 0, duplicates: 0, refusals: [] };
}

export function acknowledge(state: BatchState, ack: BatchAck): AckOutcome {
  const refusals = [...state.refusals];
  const again: Report[] = [];
  const forgotten = new Set<string>();
  let retryAfterMs = 0;
  for (const item of ack.faults) {
    const report = state.reports[item.index];
    if (report === undefined) continue;
    const code = faultCodeOf(item.code);
    const fault = new Fault(code, item.detail, { reason: item.reason, retryAfterMs: item.retryAfterMs });
    const unknownSchema = item.reason === 'unknown_schema';
    const mayRetry = fault.retryable || unknownSchema;
    if (!mayRetry || (code !== 'unavailable' && state.attempts + 1 >= ITEM_ATTEMPTS_MAX)) {
      refusals.push({ report, fault });
      continue;
    }
    again.push(report);
    if (unknownSchema) forgotten.add(report.schema.hash);
    retryAfterMs = Math.max(retryAfterMs, item.retryAfterMs);
  }
  const next: BatchState = {
    reports: again,
    attempts: state.attempts + 1,
    accepted: state.accepted + ack.accepted,
    duplicates: state.duplicates + ack.duplicates,
    refusals,
  };
  return { state: next, retryAfterMs, forgotten: [...forgotten] };
}
