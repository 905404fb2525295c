import type { IncomingReport } from '@ringwatch/live';
import { valueAt, type Report } from '@ringwatch/metrics';

/** A report as the live protocol reads it. */
export function liveReport(report: Report): IncomingReport {
  const { hostId, timestamp, intervalMs, labels, schema } = report;
  const values = Float64Array.from(schema.keys, (_key, column) => valueAt(report, column));
  return { hostId, timestamp, intervalMs, labels, schema, values };
}
