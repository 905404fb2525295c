import { sameLabels, type Labels } from './labels.ts';
import type { Schema } from './schema.ts';

/**
 * One host's metrics at one instant, in columns: the schema names them, `values` holds one little-endian
 * float64 per key of the schema, NaN meaning absent. (hostId, timestamp) is its key.
 */
export interface Report {
  readonly hostId: string;
  /** Unix seconds, a fraction allowed. */
  readonly timestamp: number;
  /** How often the host reports, in milliseconds; 0 when unknown. */
  readonly intervalMs: number;
  /** Absent when the report says nothing about labels; the host then keeps the ones it has. */
  readonly labels: Labels | undefined;
  readonly schema: Schema;
  readonly values: Buffer;
  /** True when it was older than the retained log when it arrived. */
  readonly late: boolean;
}

/** The same report as users write and read it: `metrics` maps series keys to finite numbers. */
export interface PlainReport {
  readonly hostId: string;
  readonly timestamp: number;
  readonly intervalMs?: number;
  readonly labels?: Labels;
  readonly metrics: Readonly<Record<string, number>>;
  readonly late?: boolean;
}

/** One value per key of the schema, in its order; NaN means absent. */
export function packValues(values: readonly number[]): Buffer {
  const packed = Buffer.allocUnsafe(values.length * 8);
  for (let i = 0; i < values.length; i++) packed.writeDoubleLE(values[i] as number, i * 8);
  return packed;
}

/** The value of column `index`; NaN when absent. */
export function valueAt(report: Report, index: number): number {
  return report.values.readDoubleLE(index * 8);
}

/** The report in columns as users read it; absent columns are left out. */
export function toPlain(report: Report): PlainReport {
  const metrics: Record<string, number> = Object.create(null);
  const keys = report.schema.keys;
  for (let i = 0; i < keys.length; i++) {
    const value = valueAt(report, i);
    if (!Number.isNaN(value)) metrics[keys[i] as string] = value;
  }
  return {
    hostId: report.hostId,
    timestamp: report.timestamp,
    ...(report.intervalMs > 0 && { intervalMs: report.intervalMs }),
    ...(report.labels && { labels: report.labels }),
    metrics,
    ...(report.late && { late: true }),
  };
}

/**
 * True when both say the same of the same host and instant: the test that tells a duplicate from a conflict.
 */
export function sameReport(a: Report, b: Report): boolean {
  return (
    a.hostId === b.hostId &&
    a.timestamp === b.timestamp &&
    a.schema.hash === b.schema.hash &&
    a.values.equals(b.values) &&
    a.intervalMs === b.intervalMs &&
    sameLabels(a.labels, b.labels)
  );
}
