/**
 * Values by series key → a report in columns. The schema is made anew only when the keys change, which is
 * rare.
 */
import { packValues, schemaOf, type Labels, type Report, type Schema } from '@ringwatch/metrics';

export interface ReportSource {
  readonly hostId: string;
  readonly labels: Labels;
  readonly intervalMs: number;
}

export class ReportBuilder {
  readonly #source: ReportSource;
  #schema: Schema = schemaOf([]);

  constructor(source: ReportSource) {
    this.#source = source;
  }

  /** @param timestamp Unix seconds. */
  build(timestamp: number, values: ReadonlyMap<string, number>): Report {
    if (!this.#fits(values)) this.#schema = schemaOf([...values.keys()]);
    const schema = this.#schema;
    const columns = packValues(schema.keys.map((key) => values.get(key) ?? Number.NaN));
    return { ...this.#source, timestamp, schema, values: columns, late: false };
  }

  #fits(values: ReadonlyMap<string, number>): boolean {
    return values.size === this.#schema.keys.length && this.#schema.keys.every((key) => values.has(key));
  }
}
