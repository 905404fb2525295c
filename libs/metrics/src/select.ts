import { metricName } from './series-key.ts';
import { schemaOf, type Schema } from './schema.ts';
import type { Report } from './report.ts';

/** Schemas whose selection is remembered. */
const SELECTIONS_MAX = 10_000;

/**
 * Narrows reports to the metrics asked for: a series key selects itself, a bare name all series of that
 * metric, no names at all everything. The work per schema is done once.
 */
export class MetricSelection {
  readonly #names: ReadonlySet<string>;
  readonly #bySchema = new Map<string, { schema: Schema; columns: readonly number[] }>();

  constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  apply(report: Report): Report {
    if (this.#names.size === 0) return report;
    const { schema, columns } = this.#bySchema.get(report.schema.hash) ?? this.#remember(report.schema);
    if (columns.length === report.schema.keys.length) return report;
    const values = Buffer.allocUnsafe(columns.length * 8);
    columns.forEach((column, i) => report.values.copy(values, i * 8, column * 8, column * 8 + 8));
    return { ...report, schema, values };
  }

  #remember(full: Schema): { schema: Schema; columns: readonly number[] } {
    const columns: number[] = [];
    full.keys.forEach((key, column) => {
      if (this.#names.has(key) || this.#names.has(metricName(key))) columns.push(column);
    });
    const selected = { schema: schemaOf(columns.map((column) => full.keys[column] as string)), columns };
    if (this.#bySchema.size >= SELECTIONS_MAX) this.#bySchema.clear();
    this.#bySchema.set(full.hash, selected);
    return selected;
  }
}
