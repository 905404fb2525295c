import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columnsSchemaHash, decodeColumns, encodeColumns } from './columns-codec.ts';
import { encodeJsonReport, JsonReportDecoder, jsonShapeFault } from './json-codec.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { packValues, sameReport, toPlain, type Report } from './report.ts';
import { schemaOf, SchemaTable } from './schema.ts';
import { MetricSelection } from './select.ts';
import { fromWire, PAGE_BYTES_MAX, resolveSchemas, toWire, wirePages } from './wire.ts';

const anyReport: fc.Arbitrary<Report> = fc
  .record({
    hostId: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    timestamp: fc.double({ min: 0, max: 4e9, noNaN: true }),
    intervalMs: fc.nat(86_400_000),
    labels: fc.option(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string(), { minKeys: 1 }), {
      nil: undefined,
    }),
    metrics: fc.dictionary(
      fc.stringMatching(/^[a-z_]{1,8}$/),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
    late: fc.boolean(),
  })
  .map(({ metrics, ...rest }) => {
    const schema = schemaOf(Object.keys(metrics));
    return { ...rest, schema, values: packValues(schema.keys.map((key) => metrics[key] as number)) };
  });

const decoder = (): JsonReportDecoder => new JsonReportDecoder(new SchemaTable(), () => DEFAULT_LIMITS);

describe('every codec gives back what it was given', () => {
  test('json, except that -0 is 0', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const decoded = decoder().decode(JSON.parse(encodeJsonReport(report)));
        expect(JSON.parse(JSON.stringify(toPlain(decoded)))).toEqual(
          JSON.parse(JSON.stringify(toPlain(report))),
        );
      }),
    );
  });

  test('json text is what JSON.stringify makes of the plain report', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        expect(encodeJsonReport(report)).toBe(JSON.stringify(toPlain(report)));
      }),
    );
  });

  test('columns', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const bytes = encodeColumns(report);
        expect(columnsSchemaHash(bytes)).toBe(report.schema.hash);
        const decoded = decodeColumns(report.hostId, bytes, report.schema);
        expect(sameReport(decoded, report) && decoded.late === report.late).toBe(true);
      }),
    );
  });

  test('wire', () => {
    fc.assert(
      fc.property(fc.array(anyReport, { maxLength: 5 }), (reports) => {
        const wire = toWire(reports);
        const schemas = resolveSchemas(wire.schemas, new SchemaTable(), DEFAULT_LIMITS);
        const decoded = wire.reports.map((report) => fromWire(report, schemas) as Report);
        expect(decoded.every((report, i) => sameReport(report, reports[i] as Report))).toBe(true);
      }),
    );
  });
});

describe('json decoder', () => {
  const valid = { hostId: 'h', timestamp: 1, metrics: { a: 1 } };

  test.each([
    ['report_not_object', null],
    ['report_not_object', [valid]],
    ['report_not_object', 'text'],
    ['unknown_field', { ...valid, hostID: 'h' }],
    ['host_id_invalid', { ...valid, hostId: 7 }],
    ['timestamp_invalid', { ...valid, timestamp: '1' }],
    ['timestamp_invalid', { hostId: 'h', metrics: {} }],
    ['interval_invalid', { ...valid, intervalMs: '1s' }],
    ['metrics_not_object', { hostId: 'h', timestamp: 1 }],
    ['metrics_not_object', { ...valid, metrics: [1] }],
    ['metric_not_number', { ...valid, metrics: { a: '1' } }],
    ['metric_not_number', { ...valid, metrics: { a: null } }],
    ['series_key_malformed', { ...valid, metrics: { 'a b': 1 } }],
    ['series_key_duplicate', { ...valid, metrics: { 'a{x="1",y="2"}': 1, 'a{y="2",x="1"}': 1 } }],
    ['series_key_too_long', { ...valid, metrics: { [`a${'b'.repeat(512)}`]: 1 } }],
    ['labels_invalid', { ...valid, labels: { a: 1 } }],
    ['labels_invalid', { ...valid, labels: 'a=b' }],
  ])('refuses %s', (reason, value) => {
    expect(() => decoder().decode(value)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', reason }),
    );
  });

  test('refuses more metrics than the limit', () => {
    const metrics = Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`m${i}`, i]));
    expect(() => decoder().decode({ ...valid, metrics })).toThrow(
      expect.objectContaining({ reason: 'too_many_metrics' }),
    );
  });

  test('gives one schema for the same metrics in any order', () => {
    const json = decoder();
    const one = json.decode({ ...valid, metrics: { b: 1, a: 2 } });
    const other = json.decode({ ...valid, metrics: { a: 2, b: 1 } });
    expect(other.schema).toBe(one.schema);
    expect(toPlain(other).metrics).toEqual(toPlain(one).metrics);
  });
});

describe('wire schemas', () => {
  const resolve = (keys: readonly string[], hash = schemaOf(keys).hash, table = new SchemaTable()) =>
    resolveSchemas([{ hash: Buffer.from(hash, 'hex'), keys }], table, DEFAULT_LIMITS)[0];

  test.each([
    ['unknown_schema', [], 'ab'.repeat(16)],
    ['schema_hash_mismatch', ['a'], 'ab'.repeat(16)],
    ['schema_hash_length', ['a'], 'abcd'],
    ['schema_not_sorted', ['b', 'a'], undefined],
    ['schema_not_sorted', ['a', 'a'], undefined],
    ['series_key_not_canonical', ['a{b="1", c="2"}'], undefined],
    ['series_key_malformed', ['a b'], undefined],
  ])('are refused as %s', (reason, keys, hash) => {
    expect(resolve(keys, hash)).toMatchObject({ reason });
  });

  test('need their keys only once', () => {
    const table = new SchemaTable();
    const schema = resolve(['a', 'b'], undefined, table);
    expect(resolve([], schemaOf(['a', 'b']).hash, table)).toBe(schema);
  });
});

test('a selection takes series by key and by metric name and leaves the rest', () => {
  const schema = schemaOf(['cpu{cpu="0"}', 'cpu{cpu="1"}', 'load1', 'mem']);
  const values = packValues([1, 2, 3, 4]);
  const report: Report = {
    hostId: 'h',
    timestamp: 1,
    intervalMs: 0,
    labels: undefined,
    schema,
    values,
    late: false,
  };
  const metrics = (names: string[]): object => ({
    ...toPlain(new MetricSelection(names).apply(report)).metrics,
  });
  expect(metrics(['cpu', 'mem'])).toEqual({ 'cpu{cpu="0"}': 1, 'cpu{cpu="1"}': 2, mem: 4 });
  expect(metrics(['cpu{cpu="1"}'])).toEqual({ 'cpu{cpu="1"}': 2 });
  expect(metrics(['gone'])).toEqual({});
  expect(new MetricSelection([]).apply(report)).toBe(report);
});

test('a schema table forgets its oldest schema when it is full', () => {
  const table = new SchemaTable(2);
  const [a, b, c] = [['a'], ['b'], ['c']].map((keys) => table.intern(schemaOf(keys)));
  expect([a, b, c].map((schema) => table.get(schema?.hash ?? '') !== undefined)).toEqual([false, true, true]);
});

describe('the shape of JSON', () => {
  test('is checked without recursion, however deep', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    expect(jsonShapeFault(deep, 8)).toMatchObject({ reason: 'too_deep' });
  });

  test('may be as deep as the limit and no deeper', () => {
    expect(jsonShapeFault([[[[[[[[1]]]]]]]], 8)).toBeUndefined();
    expect(jsonShapeFault([[[[[[[[[1]]]]]]]]], 8)).toMatchObject({ reason: 'too_deep' });
  });

  test('must not have a key that reaches a prototype, at any depth', () => {
    expect(jsonShapeFault(JSON.parse('[{"a":{"__proto__":1}}]'), 8)).toMatchObject({
      reason: 'reserved_key',
    });
  });
});

describe('wire pages', () => {
  const wide = (hostId: string, prefix: string): Report => {
    const schema = schemaOf(Array.from({ length: 2_000 }, (_, i) => `${prefix}_${'k'.repeat(480)}_${i}`));
    const values = packValues(schema.keys.map(() => 1));
    return { hostId, timestamp: 1, intervalMs: 0, labels: undefined, schema, values, late: false };
  };
  const reports = ['a', 'b', 'c', 'd', 'e'].flatMap((prefix) => [wide('x', prefix), wide('y', prefix)]);

  test('hold every report once, in order, each page within one message', () => {
    const pages = [...wirePages(reports)];
    expect(pages.flat()).toEqual(reports);
    expect(pages.length).toBeGreaterThan(1);
    for (const page of pages) {
      const { schemas } = toWire(page);
      const keyBytes = schemas.reduce((sum, { keys }) => sum + keys.join('').length, 0);
      expect(keyBytes + page.length * 16_000).toBeLessThan(PAGE_BYTES_MAX);
    }
  });

  test('are fewer when the keys are known', () => {
    const known = new Set(reports.map(({ schema }) => schema.hash));
    expect([...wirePages(reports, known)]).toHaveLength(1);
  });
});
