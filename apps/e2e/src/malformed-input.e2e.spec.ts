import { readFileSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { Batch, IngestServiceService, type BatchAck, type UploadReply } from '@ringwatch/contracts';
import { schemaHash, schemaOf } from '@ringwatch/metrics';
import { ChildApp, stopAll } from '@ringwatch/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appMain, ROOT } from './system.ts';

const now = Math.floor(Date.now() / 1_000);
const good = { hostId: 'h', timestamp: now, metrics: { load1: 1 } };
const json = (value: unknown): string => JSON.stringify(value);
const many = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i]));

interface HttpCase {
  readonly title: string;
  readonly body: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly reason: string;
}

const HTTP: readonly HttpCase[] = [
  { title: 'not JSON', body: '{"hostId":', status: 400, reason: 'malformed_json' },
  { title: 'empty body', body: '', status: 400, reason: 'malformed_json' },
  { title: 'a JSON number', body: '7', status: 400, reason: 'report_not_object' },
  { title: 'null', body: 'null', status: 400, reason: 'report_not_object' },
  {
    title: 'host id of the wrong type',
    body: json({ ...good, hostId: 7 }),
    status: 400,
    reason: 'host_id_invalid',
  },
  { title: 'empty host id', body: json({ ...good, hostId: '' }), status: 400, reason: 'host_id_invalid' },
  {
    title: 'host id too long',
    body: json({ ...good, hostId: 'x'.repeat(256) }),
    status: 400,
    reason: 'host_id_invalid',
  },
  {
    title: 'host id with a newline',
    body: json({ ...good, hostId: 'a\nb' }),
    status: 400,
    reason: 'host_id_invalid',
  },
  {
    title: 'timestamp as text',
    body: json({ ...good, timestamp: `${now}` }),
    status: 400,
    reason: 'timestamp_invalid',
  },
  {
    title: 'no timestamp',
    body: json({ hostId: 'h', metrics: {} }),
    status: 400,
    reason: 'timestamp_invalid',
  },
  {
    title: 'timestamp in the future',
    body: json({ ...good, timestamp: now + 3_600 }),
    status: 400,
    reason: 'timestamp_in_future',
  },
  {
    title: 'ancient timestamp',
    body: json({ ...good, timestamp: now - 90_000 }),
    status: 400,
    reason: 'timestamp_too_old',
  },
  {
    title: 'timestamp in milliseconds',
    body: json({ ...good, timestamp: now * 1_000 }),
    status: 400,
    reason: 'timestamp_in_future',
  },
  {
    title: 'NaN as a bare word',
    body: '{"hostId":"h","timestamp":1,"metrics":{"a":NaN}}',
    status: 400,
    reason: 'malformed_json',
  },
  {
    title: 'a number too large for a double',
    body: `{"hostId":"h","timestamp":${now},"metrics":{"a":1e999}}`,
    status: 400,
    reason: 'value_not_finite',
  },
  {
    title: 'metric as text',
    body: json({ ...good, metrics: { a: '1' } }),
    status: 400,
    reason: 'metric_not_number',
  },
  {
    title: 'metrics as an array',
    body: json({ ...good, metrics: [1] }),
    status: 400,
    reason: 'metrics_not_object',
  },
  {
    title: 'malformed series key',
    body: json({ ...good, metrics: { 'a b': 1 } }),
    status: 400,
    reason: 'series_key_malformed',
  },
  {
    title: 'series key too long',
    body: json({ ...good, metrics: { ['m'.repeat(513)]: 1 } }),
    status: 400,
    reason: 'series_key_too_long',
  },
  {
    title: 'too many metrics',
    body: json({ ...good, metrics: many(2_001) }),
    status: 400,
    reason: 'too_many_metrics',
  },
  {
    title: 'one series twice',
    body: json({ ...good, metrics: { 'a{x="1",y="2"}': 1, 'a{y="2",x="1"}': 2 } }),
    status: 400,
    reason: 'series_key_duplicate',
  },
  {
    title: 'labels of the wrong type',
    body: json({ ...good, labels: { a: 1 } }),
    status: 400,
    reason: 'labels_invalid',
  },
  {
    title: 'too many labels',
    body: json({ ...good, labels: Object.fromEntries(Object.keys(many(33)).map((l) => [l, 'x'])) }),
    status: 400,
    reason: 'labels_invalid',
  },
  { title: 'unknown field', body: json({ ...good, hostname: 'h' }), status: 400, reason: 'unknown_field' },
  {
    title: '__proto__ as a field',
    body: '{"hostId":"h","timestamp":1,"metrics":{},"__proto__":{"x":1}}',
    status: 400,
    reason: 'reserved_key',
  },
  {
    title: '__proto__ as a metric',
    body: '{"hostId":"h","timestamp":1,"metrics":{"__proto__":1}}',
    status: 400,
    reason: 'reserved_key',
  },
  {
    title: '200,000 levels deep',
    body: `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
    status: 400,
    reason: 'too_deep',
  },
  { title: '10 MB body', body: Buffer.alloc(10_000_000, 0x20), status: 413, reason: 'body_too_large' },
  {
    title: 'gzip bomb',
    body: gzipSync(Buffer.alloc(200_000_000)),
    headers: { 'content-encoding': 'gzip' },
    status: 413,
    reason: 'body_too_large',
  },
  {
    title: 'gzip that is none',
    body: json(good),
    headers: { 'content-encoding': 'gzip' },
    status: 400,
    reason: 'malformed_gzip',
  },
  {
    title: 'unknown encoding',
    body: json(good),
    headers: { 'content-encoding': 'br' },
    status: 415,
    reason: 'unsupported_media_type',
  },
  {
    title: 'unknown content type',
    body: json(good),
    headers: { 'content-type': 'text/plain' },
    status: 415,
    reason: 'unsupported_media_type',
  },
  {
    title: 'a form, as curl -d sends without a header',
    body: json(good),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    reason: 'unsupported_media_type',
  },
  {
    title: 'bad UTF-8',
    body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
    status: 400,
    reason: 'malformed_utf8',
  },
  {
    title: '1,001 reports',
    body: json(Array.from({ length: 1_001 }, (_, i) => ({ ...good, timestamp: now - i / 10, extra: 1 }))),
    status: 400,
    reason: 'unknown_field',
  },
];

const schema = schemaOf(['a', 'b']);
const hash = Buffer.from(schema.hash, 'hex');
const report = {
  hostId: 'h',
  timestamp: now,
  intervalMs: 0,
  schema: 0,
  values: Buffer.alloc(16),
  labels: {},
  late: false,
};
const infinite = Buffer.alloc(16);
infinite.writeDoubleLE(Number.POSITIVE_INFINITY, 8);

interface GrpcCase {
  readonly title: string;
  readonly schema?: { hash: Buffer; keys: readonly string[] };
  readonly report?: Partial<typeof report>;
  readonly reason: string;
}

const GRPC: readonly GrpcCase[] = [
  { title: 'values of the wrong length', report: { values: Buffer.alloc(15) }, reason: 'values_length' },
  { title: 'an infinite value', report: { values: infinite }, reason: 'value_not_finite' },
  {
    title: 'a schema nobody knows',
    schema: { hash: Buffer.alloc(16, 7), keys: [] },
    reason: 'unknown_schema',
  },
  {
    title: 'a schema under another hash',
    schema: { hash: Buffer.alloc(16, 7), keys: schema.keys },
    reason: 'schema_hash_mismatch',
  },
  {
    title: 'a schema out of order',
    schema: { hash: Buffer.from(schemaHash(['z', 'y']), 'hex'), keys: ['z', 'y'] },
    reason: 'schema_not_sorted',
  },
  { title: 'a schema that is not there', report: { schema: 9 }, reason: 'schema_index' },
  { title: 'NaN as a timestamp', report: { timestamp: Number.NaN }, reason: 'timestamp_invalid' },
];

let broker: ChildApp;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringwatch-malformed-'));
  broker = await ChildApp.start({
    main: appMain('broker'),
    args: ['--http-port', '0', '--grpc-port', '0', '--data-dir', folder],
  });
});
afterAll(stopAll);

/** Posts and reads the answer even when the server closes before it has read everything. */
function post(body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    const all = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers };
    const sent = request(`${broker.http}/api/v1/reports`, { method: 'POST', headers: all }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const type = String(answer.headers['content-type']);
        resolve(
          new Response(Buffer.concat(chunks), {
            status: answer.statusCode ?? 0,
            headers: { 'content-type': type },
          }),
        );
      });
    });
    // The answer may already be on its way when writing fails.
    sent.on('error', (error: NodeJS.ErrnoException) => void (error.code === 'EPIPE' || reject(error)));
    sent.end(body);
  });
}

/** A client that sends bytes as they are, so that it can send wrong ones. */
function rawUpload(...messages: Buffer[]): Promise<UploadReply> {
  const method = IngestServiceService.upload;
  const Client = makeGenericClientConstructor(
    { upload: { ...method, requestSerialize: (bytes: Buffer) => bytes } as never },
    'raw',
  );
  const client = new Client(broker.grpc, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    const call = client['upload']?.((error: ServiceError | null, reply: UploadReply) => {
      client.close();
      if (error === null) resolve(reply);
      else reject(error);
    });
    for (const message of messages) call.write(message);
    call.end();
  });
}

describe('malformed input', () => {
  test.each(HTTP)('over HTTP: $title is $status $reason', async ({ body, headers, status, reason }) => {
    const response = await post(body, headers);
    const problem = (await response.json()) as Record<string, unknown>;
    expect({ status: response.status, reason: problem['reason'] }).toEqual({ status, reason });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });

  test.each(GRPC)('over gRPC: $title is refused as $reason', async (kind) => {
    const schemas = [kind.schema ?? { hash, keys: schema.keys }];
    const message = { sequence: 1, schemas, reports: [{ ...report, ...kind.report }] };
    const { acks } = await rawUpload(Buffer.from(Batch.encode(message).finish()));
    const [ack] = acks as [BatchAck];
    expect({ accepted: ack.accepted, reason: ack.faults[0]?.reason }).toEqual({
      accepted: 0,
      reason: kind.reason,
    });
  });

  test.each([
    [
      'truncated protobuf',
      Buffer.from(Batch.encode({ sequence: 1, schemas: [], reports: [report] }).finish()).subarray(0, -5),
    ],
    ['bytes that are no protobuf', Buffer.from([0x0f, 0xff])],
    ['bad UTF-8 in a host id', Buffer.from([0x1a, 0x04, 0x0a, 0x02, 0xff, 0xfe])],
  ])('over gRPC: %s is INVALID_ARGUMENT', async (_title, bytes) => {
    const error = await rawUpload(bytes).catch((caught: ServiceError) => caught);
    expect(error).toMatchObject({ code: 3 });
  });

  test('a message beyond 4 MiB is RESOURCE_EXHAUSTED', async () => {
    const error = await rawUpload(Buffer.alloc(5 * 1024 * 1024)).catch((caught: ServiceError) => caught);
    expect(error).toMatchObject({ code: 8 });
  });

  test('bytes that are no HTTP are answered and the connection ends', async () => {
    const { port, hostname } = new URL(broker.http);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write('\x16\x03\x01 not http\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toContain('400');
  });

  test('one bad report costs the good ones nothing, and of 1,001 the first 1,000 are taken', async () => {
    const mixed = await post(
      json([
        { ...good, hostId: 'mixed' },
        { ...good, hostId: '' },
      ]),
    );
    expect(mixed.status).toBe(200);
    expect(await mixed.json()).toMatchObject({ items: [{ index: 1, reason: 'host_id_invalid' }] });
    const reports = Array.from({ length: 1_001 }, (_, i) => ({ ...good, timestamp: now - 100 - i / 100 }));
    const answer = (await (await post(json(reports))).json()) as { accepted: number; items: object[] };
    expect(answer).toMatchObject({ accepted: 1_000, items: [{ index: 1_000, reason: 'too_many_reports' }] });
  });

  test('after all of it the broker serves, with nothing of it stored', async () => {
    const answer = await post(json({ ...good, hostId: 'still-here' }));
    expect(await answer.json()).toMatchObject({ accepted: 1, items: [] });
    expect((await fetch(`${broker.http}/readyz`)).status).toBe(200);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test('every answer is documented', () => {
    const documented = readFileSync(join(ROOT, 'docs/formats/ingest.md'), 'utf8');
    const reasons = [...HTTP, ...GRPC].map(({ reason }) => reason);
    expect(reasons.filter((reason) => !documented.includes(`\`${reason}\``))).toEqual([]);
  });
});
