import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { ConfigReader } from '@ringwatch/config-store';
import { ConsulKv } from '@ringwatch/consul-client';
import { ConfigServiceClient, type Document } from '@ringwatch/contracts';
import { createLogger, Lifecycle, Metrics, Readiness } from '@ringwatch/service';
import type { RunningApp } from '@ringwatch/service/nest';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { configSyncConfig } from './config.ts';
import { startConfigSync } from './start-config-sync.ts';

const VISIBLE_MS = 1_000;

let folder: string;
let app: RunningApp;
let lifecycle: Lifecycle;
let exitCode: number | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringwatch-config-sync-'));
  const logger = createLogger({ name: 'spec', level: 'silent' });
  const readiness = new Readiness();
  lifecycle = new Lifecycle({ logger, readiness, exit: (code) => (exitCode = code) });
  const config = configSyncConfig.parse({ httpPort: 0, grpcPort: 0, dataDir: folder });
  const metrics = new Metrics('config-sync');
  app = await startConfigSync({ name: 'config-sync', config, logger, metrics, readiness, lifecycle });
});
afterAll(async () => {
  await lifecycle.shutdown('the test is over');
  await rm(folder, { recursive: true });
  expect(exitCode).toBe(0);
});
beforeEach(async () => {
  await fetch(`${app.http}/v1/kv/ringwatch/config/feature-flags/?recurse`, { method: 'DELETE' });
});

const documents = '/api/v1/config/feature-flags';
async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(`${app.http}${path}`, { method, headers: { ...type, ...headers }, ...json });
  const value = (await answer.json()) as Record<string, unknown>;
  return {
    status: answer.status,
    etag: answer.headers.get('etag') ?? '',
    type: answer.headers.get('content-type'),
    value,
  };
}

describe('documents over HTTP', () => {
  test('put answers value, version and the state of the copy; get and list give it back', async () => {
    const put = await send('PUT', `${documents}/a`, { enabled: true });
    expect(put).toMatchObject({
      status: 200,
      value: { value: { enabled: true }, changed: true, copy: 'there is no fast copy' },
    });
    const get = await send('GET', `${documents}/a`);
    expect(get.etag).toBe(put.etag);
    expect(get.value).toMatchObject({
      value: { enabled: true },
      version: put.value['version'],
      source: 'consul',
      ageMs: 0,
    });
    expect((await send('GET', documents)).value).toEqual({ documents: [get.value] });
  });

  test('equal content changes nothing', async () => {
    const first = await send('PUT', `${documents}/a`, { enabled: true, percentage: 5 });
    const again = await send('PUT', `${documents}/a`, { percentage: 5, enabled: true });
    expect(again).toMatchObject({ etag: first.etag, value: { changed: false } });
  });

  test('If-Match writes over the version that was read, once', async () => {
    const { etag } = await send('PUT', `${documents}/a`, { enabled: true });
    const condition = { 'if-match': etag };
    expect((await send('PUT', `${documents}/a`, { enabled: false }, condition)).status).toBe(200);
    const late = await send('PUT', `${documents}/a`, { enabled: true }, condition);
    expect(late.value).toMatchObject({ code: 'failed_precondition', reason: 'version_mismatch' });
    expect((await send('DELETE', `${documents}/a`, undefined, condition)).value).toMatchObject({
      reason: 'version_mismatch',
    });
  });

  test('If-None-Match: * writes only where nothing is', async () => {
    const condition = { 'if-none-match': '*' };
    expect((await send('PUT', `${documents}/a`, { enabled: true }, condition)).status).toBe(200);
    expect((await send('PUT', `${documents}/a`, { enabled: false }, condition)).value['reason']).toBe(
      'version_mismatch',
    );
  });

  test('a deleted document is gone, and can be made again', async () => {
    await send('PUT', `${documents}/a`, { enabled: true });
    expect((await send('DELETE', `${documents}/a`)).value).toMatchObject({ deleted: true, changed: true });
    expect((await send('GET', `${documents}/a`)).status).toBe(404);
    expect((await send('DELETE', `${documents}/a`)).status).toBe(404);
    expect((await send('PUT', `${documents}/a`, { enabled: true })).value['changed']).toBe(true);
  });

  test.each([
    ['PUT', `${documents}/a`, { enabled: 1 }, {}, 400, 'document_invalid'],
    ['PUT', `${documents}/a`, { enabled: true, more: 1 }, {}, 400, 'document_invalid'],
    ['PUT', `${documents}/a%20b`, { enabled: true }, {}, 400, 'document_key_invalid'],
    ['PUT', '/api/v1/config/nonsense/a', {}, {}, 404, 'family_unknown'],
    ['GET', '/api/v1/config/nonsense', undefined, {}, 404, 'family_unknown'],
    ['GET', `${documents}/none`, undefined, {}, 404, 'document_missing'],
    ['PUT', `${documents}/a`, { enabled: true }, { 'if-match': '1-1' }, 400, 'condition_malformed'],
    ['PUT', `${documents}/a`, { enabled: true }, { 'if-match': 'W/"1-1"' }, 400, 'condition_malformed'],
    ['PUT', `${documents}/a`, { enabled: true }, { 'if-none-match': '"1-1"' }, 400, 'condition_malformed'],
    [
      'PUT',
      `${documents}/a`,
      { enabled: true },
      { 'if-match': '"1-1"', 'if-none-match': '*' },
      400,
      'condition_malformed',
    ],
  ])('%s %s with %j and %j is %i %s', async (method, path, body, headers, status, reason) => {
    const answer = await send(method, path, body, headers);
    expect(answer).toMatchObject({
      status,
      type: expect.stringContaining('application/problem+json'),
      value: { status, reason },
    });
  });

  test.each(['{"enabled":', '{"__proto__":{"enabled":true}}', ''])('the body %j is refused', async (body) => {
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${app.http}${documents}/a`, { method: 'PUT', headers, body })).status).toBe(400);
  });
});

describe('documents over gRPC', () => {
  const call = <T>(
    run: (client: ConfigServiceClient, answer: (error: ServiceError | null, reply: T) => void) => void,
  ) => {
    const client = new ConfigServiceClient(app.grpc ?? '', credentials.createInsecure());
    onTestFinished(() => client.close());
    return new Promise<T>((resolve, reject) => {
      run(client, (error, reply) => (error === null ? resolve(reply) : reject(error)));
    });
  };
  const put = (valueJson: string, ifVersion?: { epoch: number; index: number }) =>
    call<Document>((client, answer) =>
      client.putDocument({ family: 'feature-flags', key: 'a', valueJson, ifVersion }, answer),
    );
  const reasonOf = (error: { readonly metadata: Metadata }): unknown =>
    error.metadata.get('ringwatch-reason')[0];

  test('put, get, list and delete carry the same document', async () => {
    const written = await put('{ "enabled": true }');
    expect(written).toMatchObject({ valueJson: '{"enabled":true}', deleted: false, changed: true });
    const key = { family: 'feature-flags', key: 'a' };
    const read = await call<Document>((client, answer) => client.getDocument(key, answer));
    expect(read).toEqual({ ...written, changed: false, copy: '' });
    const list = await call<{ documents: readonly Document[] }>((client, answer) =>
      client.listDocuments(key, answer),
    );
    expect(list.documents).toEqual([read]);
    const condition = { ...key, ifVersion: written.version };
    const gone = await call<Document>((client, answer) => client.deleteDocument(condition, answer));
    expect(gone).toMatchObject({ deleted: true, valueJson: '' });
  });

  test('a condition is checked, {0, 0} meaning that there is none', async () => {
    const { version } = await put('{"enabled":true}', { epoch: 0, index: 0 });
    const refused = await put('{"enabled":false}', { epoch: 0, index: 0 }).catch(
      (error: ServiceError) => error,
    );
    expect(reasonOf(refused as ServiceError)).toBe('version_mismatch');
    expect((await put('{"enabled":false}', version)).changed).toBe(true);
  });

  test.each([
    ['not json', 'malformed_json'],
    ['', 'malformed_json'],
    ['{"enabled":1}', 'document_invalid'],
    ['{"__proto__":1}', 'document_not_json'],
  ])('the value %j is refused as %s', async (valueJson, reason) => {
    const refused = await put(valueJson).catch((error: ServiceError) => error);
    expect(reasonOf(refused as ServiceError)).toBe(reason);
  });
});

describe('the embedded store at /v1/kv', () => {
  test('feeds a reader over the client of Consul, which sees a change within a second', async () => {
    const kv = new ConsulKv({ url: app.http });
    const reader = new ConfigReader({ kv });
    await reader.start();
    onTestFinished(async () => {
      await reader.close();
      kv.close();
    });
    await send('PUT', '/api/v1/config/brokers/settings', { intervalMs: 777 });
    await vi.waitFor(
      () => expect(reader.get('brokers', 'settings').value).toEqual({ intervalMs: 777 }),
      VISIBLE_MS,
    );
  });

  test.each([
    'application/json',
    'text/plain',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
  ])('keeps bytes as they are under the content type %s', async (type) => {
    const body = Buffer.from([0x7b, 0xff, 0x00, 0x80]);
    await fetch(`${app.http}/v1/kv/a/b%2Fc`, { method: 'PUT', body, headers: { 'content-type': type } });
    const read = await fetch(`${app.http}/v1/kv/a/b/c?raw`);
    expect(Buffer.from(await read.arrayBuffer())).toEqual(body);
  });
});

test('readyz names the authority', async () => {
  expect((await send('GET', '/readyz')).value).toEqual({
    status: 'ready',
    checks: { embedded: { state: 'ok' } },
  });
});

test('a second process on the same folder is refused', async () => {
  const logger = createLogger({ name: 'spec', level: 'silent' });
  const readiness = new Readiness();
  const config = configSyncConfig.parse({ httpPort: 0, grpcPort: 0, dataDir: folder });
  const second = { logger, readiness, config, name: 'second', metrics: new Metrics('second') };
  const start = startConfigSync({
    ...second,
    lifecycle: new Lifecycle({ logger, readiness, exit: () => undefined }),
  });
  await expect(start).rejects.toMatchObject({ code: 'failed_precondition', reason: 'store_locked' });
});
