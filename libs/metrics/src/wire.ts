/**
 * Reports between memory and the protocol's messages (libs/contracts), which share this shape: a list of
 * schemas, and reports that point into it.
 */
import { Fault } from '@ringwatch/kernel';
import type { Limits } from './limits.ts';
import type { Labels } from './labels.ts';
import type { Report } from './report.ts';
import { checkSchemaKeys, SCHEMA_HASH_BYTES, schemaHash, type Schema, type SchemaTable } from './schema.ts';

export interface WireSchema {
  readonly hash: Buffer;
  readonly keys: readonly string[];
}

export interface WireReport {
  readonly hostId: string;
  readonly timestamp: number;
  readonly intervalMs: number;
  readonly schema: number;
  readonly values: Buffer;
  readonly labels: Labels;
  readonly late: boolean;
}

export interface WireReports {
  readonly schemas: readonly WireSchema[];
  readonly reports: readonly WireReport[];
}

const NO_LABELS: Labels = Object.freeze(Object.create(null) as Labels);

/** Reports as messages; each schema is listed once, with its keys unless `known` has its hash. */
export function toWire(reports: readonly Report[], known?: ReadonlySet<string>): WireReports {
  const indices = new Map<string, number>();
  const schemas: WireSchema[] = [];
  const wire = reports.map((report): WireReport => {
    let schema = indices.get(report.schema.hash);
    if (schema === undefined) {
      schema = schemas.length;
      indices.set(report.schema.hash, schema);
      const keys = known?.has(report.schema.hash) ? [] : report.schema.keys;
      schemas.push({ hash: Buffer.from(report.schema.hash, 'hex'), keys });
    }
    const { hostId, timestamp, intervalMs, labels = NO_LABELS, values, late } = report;
    return { hostId, timestamp, intervalMs, schema, values, labels, late };
  });
  return { schemas, reports: wire };
}

/** What a report's fixed fields and framing take in a message, at most. */
const REPORT_OVERHEAD_BYTES = 64;
/** One message carries this much at most; the transport's limit is 4 MiB. */
export const PAGE_BYTES_MAX = 3 * 1024 * 1024;

/**
 * Cuts `reports` into pages that each fit one message as {@link toWire} makes it; a single report always
 * does.
 * @param known hashes of the schemas whose keys need not travel.
 */
export function* wirePages(reports: readonly Report[], known?: ReadonlySet<string>): Generator<Report[]> {
  let page: Report[] = [];
  let bytes = 0;
  let named = new Set<string>();
  for (const report of reports) {
    const { hash } = report.schema;
    const keyBytes = known?.has(hash) || named.has(hash) ? 0 : wireKeyBytes(report.schema);
    const reportBytes = wireBytes(report);
    if (page.length > 0 && bytes + keyBytes + reportBytes > PAGE_BYTES_MAX) {
      yield page;
      page = [];
      named = new Set();
      bytes = known?.has(hash) ? 0 : wireKeyBytes(report.schema);
    } else {
      bytes += keyBytes;
    }
    named.add(hash);
    bytes += reportBytes;
    page.push(report);
  }
  if (page.length > 0) yield page;
}

function wireBytes({ hostId, labels = NO_LABELS, values }: Report): number {
  let bytes = REPORT_OVERHEAD_BYTES + Buffer.byteLength(hostId) + values.length;
  for (const name in labels) bytes += 16 + (name.length + (labels[name] as string).length) * 3;
  return bytes;
}

function wireKeyBytes({ keys }: Schema): number {
  return keys.reduce((sum, key) => sum + 4 + Buffer.byteLength(key), SCHEMA_HASH_BYTES + 8);
}

/**
 * The schemas of a message, one for each of its entries: checked and interned, or the fault that its reports
 * get: `failed_precondition` / `unknown_schema` (send the keys), `invalid_argument` / `schema_hash_mismatch`
 * or what `checkSchemaKeys` says.
 */
export function resolveSchemas(
  wire: readonly WireSchema[],
  table: SchemaTable,
  limits: Limits,
): readonly (Schema | Fault)[] {
  return wire.map((schema) => {
    if (schema.hash.length !== SCHEMA_HASH_BYTES) {
      return new Fault('invalid_argument', `a schema hash has ${SCHEMA_HASH_BYTES} bytes`, {
        reason: 'schema_hash_length',
      });
    }
    const hash = schema.hash.toString('hex');
    const known = table.get(hash);
    if (known !== undefined) return known;
    try {
      return table.intern(checkedSchema(hash, schema.keys, limits));
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  });
}

/** One report of a message, given what {@link resolveSchemas} made of the message's schemas. */
export function fromWire(wire: WireReport, schemas: readonly (Schema | Fault)[]): Report | Fault {
  const schema = schemas[wire.schema];
  if (schema === undefined) {
    return new Fault('invalid_argument', `the report points at schema ${wire.schema} of ${schemas.length}`, {
      reason: 'schema_index',
    });
  }
  if (schema instanceof Fault) return schema;
  const { hostId, timestamp, intervalMs, values, late } = wire;
  return { hostId, timestamp, intervalMs, labels: presentLabels(wire.labels), schema, values, late };
}

function checkedSchema(hash: string, keys: readonly string[], limits: Limits): Schema {
  if (keys.length === 0 && hash !== schemaHash([])) {
    throw new Fault('failed_precondition', `schema ${hash} is not known here: send its keys`, {
      reason: 'unknown_schema',
    });
  }
  checkSchemaKeys(keys, limits);
  if (schemaHash(keys) !== hash) {
    throw new Fault('invalid_argument', 'the schema hash is not that of its keys', {
      reason: 'schema_hash_mismatch',
    });
  }
  return { hash, keys };
}

function presentLabels(labels: Labels): Labels | undefined {
  for (const _name in labels) return labels;
  return undefined;
}
