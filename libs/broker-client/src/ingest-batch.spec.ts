import { describe, expect, test } from 'vitest';
import type { BatchAck, ItemFault } from '@ringwatch/contracts';
import { packValues, schemaOf, type Report } from '@ringwatch/metrics';
import { acknowledge, ITEM_ATTEMPTS_MAX, newBatch } from './ingest-batch.ts';

const schema = schemaOf(['load1']);
const reports = ['a', 'b', 'c'].map((hostId): Report => ({
  hostId,
  timestamp: 1,
  intervalMs: 1_000,
  labels: undefined,
  schema,
  values: packValues([1]),
  late: false,
}));

const fault = (index: number, code: string, reason = code, retryAfterMs = 0): ItemFault => ({
  index,
  code,
  reason,
  detail: 'x',
  retryAfterMs,
});
const ack = (faults: ItemFault[], accepted = 0): BatchAck => ({
  sequence: 1,
  accepted,
  duplicates: 0,
  faults,
  index: 1,
});

describe('an acknowledgement', () => {
  test('without faults ends the batch', () => {
    expect(acknowledge(newBatch(reports), ack([], 3)).state).toMatchObject({
      reports: [],
      accepted: 3,
      refusals: [],
    });
  });

  test('refuses what a retry cannot cure and keeps only the retryable for another sending', () => {
    const { state, retryAfterMs } = acknowledge(
      newBatch(reports),
      ack([fault(0, 'invalid_argument'), fault(2, 'unavailable', 'no_leader', 250)], 1),
    );
    expect(state.reports.map((report) => report.hostId)).toEqual(['c']);
    expect(state.refusals.map(({ report }) => report.hostId)).toEqual(['a']);
    expect(retryAfterMs).toBe(250);
  });

  test('adds up over sendings', () => {
    const first = acknowledge(newBatch(reports), ack([fault(0, 'unavailable')], 2)).state;
    expect(acknowledge(first, ack([], 1)).state).toMatchObject({ accepted: 3, reports: [] });
  });

  test('gives a quota up after a few sendings, but never an unavailable broker', () => {
    let quota = newBatch(reports.slice(0, 1));
    let away = newBatch(reports.slice(0, 1));
    for (let i = 0; i < ITEM_ATTEMPTS_MAX * 3; i++) {
      if (quota.reports.length > 0) quota = acknowledge(quota, ack([fault(0, 'resource_exhausted')])).state;
      away = acknowledge(away, ack([fault(0, 'unavailable')])).state;
    }
    expect([quota.attempts, quota.refusals.length]).toEqual([ITEM_ATTEMPTS_MAX, 1]);
    expect(away.reports).toHaveLength(1);
  });

  test('names the schemas whose keys must be sent again', () => {
    const { state, forgotten } = acknowledge(
      newBatch(reports),
      ack([fault(1, 'failed_precondition', 'unknown_schema')]),
    );
    expect([state.reports.length, forgotten]).toEqual([1, [schema.hash]]);
  });

  test('of a newer broker with an unknown code or a wild index is survived', () => {
    const { state } = acknowledge(newBatch(reports), ack([fault(0, 'brand_new'), fault(99, 'unavailable')]));
    expect([state.refusals.length, state.reports.length]).toEqual([1, 0]);
  });
});
