import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EmbeddedKv, handleKvRequest, type KvResponse } from './index.ts';

let folder: string;
let kv: EmbeddedKv;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringwatch-kv-'));
  kv = await EmbeddedKv.open({ path: join(folder, 'kv') });
});
afterEach(async () => {
  await kv.close();
  await rm(folder, { recursive: true });
});

function send(method: string, target: string, body?: string | Buffer): Promise<KvResponse> {
  const { pathname, searchParams } = new URL(`http://h/v1/kv/${target}`);
  return handleKvRequest(kv, { method, path: pathname, query: searchParams, body: Buffer.from(body ?? '') });
}

test.each([
  ['GET', 'none', 404],
  ['GET', 'none?recurse', 404],
  ['PUT', '', 400],
  ['DELETE', '', 400],
  ['PUT', 'a?cas=x', 400],
  ['PUT', 'a?cas=-1', 400],
  ['PUT', 'a?flags=1e3', 400],
  ['GET', 'a?index=x', 400],
  ['GET', 'a?index=1&wait=soon', 400],
  ['GET', '%E0%A4', 400],
  ['PUT', 'a?acquire=session', 501],
  ['GET', 'a?dc=elsewhere', 501],
  ['POST', 'a', 405],
])('%s %s is answered %i', async (method, target, status) => {
  expect((await send(method, target)).status).toBe(status);
});

test('a body above 512 KiB is answered 413 and not kept', async () => {
  expect((await send('PUT', 'a', Buffer.alloc(512 * 1024 + 1))).status).toBe(413);
  expect((await send('GET', 'a')).status).toBe(404);
});

test('answers carry index, leader and contact, as clients of Consul expect', async () => {
  await send('PUT', 'a', 'x');
  const { headers, body } = await send('GET', 'a');
  expect(headers).toMatchObject({
    'x-consul-index': '2',
    'x-consul-knownleader': 'true',
    'x-consul-lastcontact': '0',
  });
  const item = { LockIndex: 0, Key: 'a', Flags: 0, Value: 'eA==', CreateIndex: 2, ModifyIndex: 2 };
  expect(JSON.parse(String(body))).toEqual([item]);
});

test('raw is the value alone', async () => {
  await send('PUT', 'a', 'x\u0000y');
  expect((await send('GET', 'a?raw')).body.toString()).toBe('x\u0000y');
});

test('keys are cut behind the first separator after the prefix', async () => {
  for (const key of ['d/a', 'd/b/x', 'd/b/y']) await send('PUT', key, '');
  expect(JSON.parse(String((await send('GET', 'd/?keys&separator=/')).body))).toEqual(['d/a', 'd/b/']);
});

test('a closed store answers 500, which clients may retry', async () => {
  await kv.close();
  expect((await send('GET', 'a')).status).toBe(500);
});
