import { Fault } from '@ringwatch/kernel';
import type { WireReport, WireSchema } from './frame.ts';

/** A report as a client reads it: `values[i]` belongs to `keys[i]`, one list for all reports of a schema. */
export interface DecodedReport {
  readonly host: string;
  readonly timestamp: number;
  readonly keys: readonly string[];
  readonly values: readonly (number | null)[];
}

/** A client's memory of one subscription's schemas: what turns numbers back into series keys. */
export class SchemaBook {
  readonly #keys = new Map<number, readonly string[]>();

  /** Forgets everything, as the first frame of a snapshot demands. */
  clear(): void {
    this.#keys.clear();
  }

  learn(schemas: readonly WireSchema[] = []): void {
    for (const { id, keys } of schemas) this.#keys.set(id, keys);
  }

  /** @throws {Fault} `data_loss`, reason `unknown_schema`: the client must subscribe again. */
  decode(report: WireReport): DecodedReport {
    const keys = this.#keys.get(report.schema);
    if (keys === undefined || keys.length !== report.values.length) {
      throw new Fault('data_loss', `a report of ${report.host} does not fit schema ${report.schema}`, {
        reason: 'unknown_schema',
      });
    }
    return { host: report.host, timestamp: report.timestamp, keys, values: report.values };
  }
}
