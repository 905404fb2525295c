export { decodeLabels, encodeLabels, sameLabels, type Labels } from './labels.ts';
export { packValues, sameReport, toPlain, valueAt, type PlainReport, type Report } from './report.ts';
export { DEFAULT_LIMITS, LIMITS_CEILING, SCHEMA_BYTES_MAX, type Limits } from './limits.ts';
export {
  canonicalSeriesKey,
  formatSeriesKey,
  isCounter,
  metricName,
  parseSeriesKey,
  type SeriesKey,
} from './series-key.ts';
export {
  checkSchemaKeys,
  keyBytesOf,
  SCHEMA_HASH_BYTES,
  schemaHash,
  schemaOf,
  SchemaTable,
  type Schema,
} from './schema.ts';
export { checkHostId, validateReport } from './validate.ts';
export { encodeJsonReport, JsonReportDecoder, jsonShapeFault } from './json-codec.ts';
export { columnsSchemaHash, decodeColumns, encodeColumns } from './columns-codec.ts';
export {
  fromWire,
  resolveSchemas,
  toWire,
  wirePages,
  PAGE_BYTES_MAX,
  type WireReport,
  type WireReports,
  type WireSchema,
} from './wire.ts';
export { MetricSelection } from './select.ts';
