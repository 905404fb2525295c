import type { Report as WireReport, Schema as WireSchema } from '@ringwatch/contracts';
import { Fault } from '@ringwatch/kernel';
import {
  DEFAULT_LIMITS,
  fromWire,
  resolveSchemas,
  SchemaTable,
  toPlain,
  type PlainReport,
} from '@ringwatch/metrics';

/**
 * The reports of a broker's answer as users read them.
 * @throws {Fault} `data_loss` when a broker's answer cannot be read.
 */
export function plainReports(reply: {
  readonly schemas: readonly WireSchema[];
  readonly reports: readonly WireReport[];
}): PlainReport[] {
  const schemas = resolveSchemas(reply.schemas, new SchemaTable(), DEFAULT_LIMITS);
  return reply.reports.map((wire) => {
    const report = fromWire(wire, schemas);
    if (!(report instanceof Fault)) return toPlain(report);
    throw new Fault('data_loss', `a broker's answer cannot be read: ${report.detail}`, { cause: report });
  });
}
