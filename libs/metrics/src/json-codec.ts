/**
 * Reports as JSON: what `POST /api/v1/reports` takes and what the raw layout keeps in Redis by default.
 *
 * 1. Decoding never merges user objects and never trusts a type; every refusal is a fault of one report, so
 *    that the rest of the request goes on.
 * 2. Encoding writes keys in the schema's order, so equal reports give equal text.
 */
import { Fault } from '@ringwatch/kernel';
import type { Limits } from './limits.ts';
import type { Labels } from './labels.ts';
import { packValues, type Report } from './report.ts';
import { canonicalSeriesKey } from './series-key.ts';
import {
  checkKeyCount,
  checkKeyLength,
  checkKeysTogether,
  schemaOf,
  type Schema,
  type SchemaTable,
} from './schema.ts';

const REPORT_FIELDS: ReadonlySet<string> = new Set([
  'hostId',
  'timestamp',
  'intervalMs',
  'labels',
  'metrics',
  'late',
]);

/** Characters of raw keys that one decoder remembers. */
const LAYOUT_CHARS_MAX = 8 * 1024 * 1024;

/** How the raw keys of one shape of object map to a schema: column of the schema → position in the object. */
interface Layout {
  readonly schema: Schema;
  readonly order: readonly number[];
}

/**
 * Decodes parsed JSON into reports. Remembers the shapes it has seen, so that a known one costs no hashing.
 */
export class JsonReportDecoder {
  readonly #layouts = new Map<string, Layout>();
  #layoutChars = 0;

  constructor(
    private readonly schemas: SchemaTable,
    private readonly limits: () => Limits,
  ) {}

  /**
   * @param value one element of a parsed request body.
   * @throws {Fault} `invalid_argument` with a reason such as `report_not_object`, `unknown_field`,
   *   `metric_not_number`.
   */
  decode(value: unknown): Report {
    if (!isObject(value)) throw invalid('report_not_object', 'a report is a JSON object');
    for (const field of Object.keys(value)) {
      if (!REPORT_FIELDS.has(field))
        throw invalid('unknown_field', `unknown field ${JSON.stringify(field.slice(0, 40))}`);
    }
    const { hostId, timestamp, intervalMs = 0, labels, metrics, late = false } = value;
    if (typeof hostId !== 'string') throw invalid('host_id_invalid', 'hostId is not a string');
    if (typeof timestamp !== 'number')
      throw invalid('timestamp_invalid', 'timestamp is not a number of Unix seconds');
    if (typeof intervalMs !== 'number') throw invalid('interval_invalid', 'intervalMs is not a number');
    if (typeof late !== 'boolean') throw invalid('unknown_field', 'late is not a boolean');
    if (!isObject(metrics)) throw invalid('metrics_not_object', 'metrics is not an object');
    return { hostId, timestamp, intervalMs, labels: decodeLabels(labels), ...this.#columns(metrics), late };
  }

  #columns(metrics: Record<string, unknown>): { schema: Schema; values: Buffer } {
    const keys = Object.keys(metrics);
    checkKeyCount(keys.length, this.limits());
    const shape = keys.join('\n');
    const layout = this.#layouts.get(shape) ?? this.#remember(shape, keys);
    const numbers = layout.order.map((position) => {
      const number = metrics[keys[position] as string];
      if (typeof number !== 'number')
        throw invalid('metric_not_number', `metric ${keys[position]} is not a number`);
      return number;
    });
    return { schema: layout.schema, values: packValues(numbers) };
  }

  #remember(shape: string, keys: readonly string[]): Layout {
    checkKeysTogether(keys);
    const positions = new Map<string, number>();
    keys.forEach((key, position) => {
      checkKeyLength(key, this.limits());
      const canonical = canonicalSeriesKey(key);
      if (positions.has(canonical))
        throw invalid('series_key_duplicate', `series ${canonical} twice in a report`);
      positions.set(canonical, position);
    });
    const schema = this.schemas.intern(schemaOf([...positions.keys()]));
    const layout = { schema, order: schema.keys.map((key) => positions.get(key) as number) };
    this.#layoutChars += shape.length;
    if (this.#layoutChars > LAYOUT_CHARS_MAX) {
      this.#layouts.clear();
      this.#layoutChars = shape.length;
    }
    this.#layouts.set(shape, layout);
    return layout;
  }
}

/** `"key":` of each column, by schema: quoting a key again for every report would be most of the work. */
const quotedKeys = new WeakMap<Schema, readonly string[]>();

/**
 * The canonical JSON text of a report: what `JSON.stringify(toPlain(report))` gives, several times faster.
 */
export function encodeJsonReport(report: Report): string {
  const { hostId, timestamp, intervalMs, labels, schema, values, late } = report;
  let keys = quotedKeys.get(schema);
  if (keys === undefined) {
    keys = schema.keys.map((key) => `${JSON.stringify(key)}:`);
    quotedKeys.set(schema, keys);
  }
  let metrics = '';
  for (let i = 0; i < keys.length; i++) {
    const value = values.readDoubleLE(i * 8);
    if (!Number.isNaN(value)) metrics += `${metrics === '' ? '' : ','}${keys[i]}${value}`;
  }
  const interval = intervalMs > 0 ? `,"intervalMs":${intervalMs}` : '';
  const labelled = labels === undefined ? '' : `,"labels":${JSON.stringify(labels)}`;
  const flag = late ? ',"late":true' : '';
  const head = `{"hostId":${JSON.stringify(hostId)},"timestamp":${timestamp}${interval}${labelled}`;
  return `${head},"metrics":{${metrics}}${flag}}`;
}

/**
 * What is wrong with the shape of a parsed JSON value: nested deeper than `depthMax`, or with a key that
 * would reach a prototype. Walks level by level, so a hostile depth cannot overflow the stack.
 */
export function jsonShapeFault(value: unknown, depthMax: number): Fault | undefined {
  let level: object[] = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > depthMax) return invalid('too_deep', `nested deeper than ${depthMax} levels`);
    if (level.some((item) => Object.hasOwn(item, '__proto__'))) {
      return invalid('reserved_key', 'the key __proto__ is reserved');
    }
    level = level.flatMap((item) => Object.values(item).filter(isContainer));
  }
  return undefined;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function decodeLabels(labels: unknown): Labels | undefined {
  if (labels === undefined) return undefined;
  if (!isObject(labels)) throw invalid('labels_invalid', 'labels is not an object');
  const checked: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value !== 'string')
      throw invalid('labels_invalid', `label ${name.slice(0, 40)} is not a string`);
    checked[name] = value;
  }
  return checked;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(reason: string, message: string): Fault {
  return new Fault('invalid_argument', message, { reason });
}
