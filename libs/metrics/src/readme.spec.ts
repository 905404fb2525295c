import { expect, test } from 'vitest';
import {
  decodeColumns,
  DEFAULT_LIMITS,
  encodeColumns,
  JsonReportDecoder,
  SchemaTable,
  toPlain,
  validateReport,
  valueAt,
} from './index.ts';

test('the example of the README does what it says', () => {
  const decoder = new JsonReportDecoder(new SchemaTable(), () => DEFAULT_LIMITS);
  const report = decoder.decode({
    hostId: 'web-1',
    timestamp: 1_700_000_000,
    labels: { rack: 'r7' },
    metrics: { load1: 0.5, 'cpu_seconds_total{mode="user",cpu="0"}': 12.5 },
  });
  expect(report.schema.keys).toEqual(['cpu_seconds_total{cpu="0",mode="user"}', 'load1']);
  expect(valueAt(report, 1)).toBe(0.5);
  expect(validateReport(report, DEFAULT_LIMITS, 1_700_000_000_000)).toBeUndefined();

  const bytes = encodeColumns(report);
  expect(bytes.length).toBe(32 + '[["rack","r7"]]'.length + 2 * 8);
  expect(toPlain(decodeColumns('web-1', bytes, report.schema))).toEqual({
    hostId: 'web-1',
    timestamp: 1_700_000_000,
    labels: { rack: 'r7' },
    metrics: { load1: 0.5, 'cpu_seconds_total{cpu="0",mode="user"}': 12.5 },
  });
});
