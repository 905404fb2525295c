import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ConsulKv } from './index.ts';

/** A client of a server that answers by `listener`; both end with the test. */
async function clientOf(listener: RequestListener, timeoutMs = 100): Promise<ConsulKv> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const kv = new ConsulKv({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: 'secret',
    timeoutMs,
  });
  onTestFinished(() => {
    kv.close();
    server.closeAllConnections();
    server.close();
  });
  return kv;
}

const ITEM = { Key: 'a', Value: null, Flags: 0, CreateIndex: 3, ModifyIndex: 4, LockIndex: 0 };
const consul = { 'content-type': 'application/json', 'x-consul-index': '4', 'x-consul-knownleader': 'true' };

test.each([
  {
    title: 'a leaderless server',
    status: 500,
    body: 'No cluster leader',
    code: 'unavailable',
    reason: 'consul_failing',
  },
  {
    title: 'a denied key',
    status: 403,
    body: 'Permission denied',
    code: 'permission_denied',
    reason: 'consul_forbidden',
  },
  {
    title: 'a bad request',
    status: 400,
    body: 'Missing key name',
    code: 'invalid_argument',
    reason: 'consul_bad_request',
  },
  { title: 'a busy server', status: 429, body: '', code: 'resource_exhausted', reason: 'consul_busy' },
  {
    title: 'a value that is too large',
    status: 413,
    body: 'too large',
    code: 'invalid_argument',
    reason: 'value_too_large',
  },
])('$title is $code', async ({ status, body, code, reason }) => {
  const kv = await clientOf((_, response) =>
    response.writeHead(status, { 'content-type': 'text/plain' }).end(body),
  );
  await expect(kv.put('a', '1')).rejects.toMatchObject({
    code,
    reason,
    message: expect.stringContaining(body),
  });
});

test('nobody listening is unavailable', async () => {
  const kv = new ConsulKv({ url: 'http://127.0.0.1:1' });
  await expect(kv.get('a')).rejects.toMatchObject({ code: 'unavailable', reason: 'consul_unreachable' });
});

test.each([
  { title: 'never answers', listener: (() => undefined) as RequestListener },
  {
    title: 'dies in the middle of its answer',
    listener: ((_, response) => {
      response.writeHead(200, { ...consul, 'content-length': '100' }).write('[{');
      setImmediate(() => response.destroy());
    }) as RequestListener,
  },
  {
    title: 'drips its answer',
    listener: ((_, response) => {
      response.writeHead(200, consul).write('[');
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(drip));
    }) as RequestListener,
  },
])('a server that $title is unavailable within the timeout', async ({ listener }) => {
  const kv = await clientOf(listener);
  await expect(kv.get('a')).rejects.toMatchObject({ code: 'unavailable' });
});

test('an answer without an index is not taken for an empty store', async () => {
  const kv = await clientOf((_, response) => response.writeHead(404).end());
  await expect(kv.list('p/')).rejects.toMatchObject({
    code: 'unavailable',
    reason: 'consul_unexpected_answer',
  });
});

test('an empty answer of a server without a leader is not taken for an empty store', async () => {
  const kv = await clientOf((_, response) =>
    response.writeHead(404, { ...consul, 'x-consul-knownleader': 'false' }).end(),
  );
  await expect(kv.list('p/')).rejects.toMatchObject({ code: 'unavailable', reason: 'consul_no_leader' });
});

test('a null value is an empty one, and the token goes with every request', async () => {
  const tokens: unknown[] = [];
  const kv = await clientOf((request, response) => {
    tokens.push(request.headers['x-consul-token']);
    response.writeHead(200, consul).end(JSON.stringify([ITEM]));
  });
  expect(await kv.get('a')).toMatchObject({ value: Buffer.alloc(0), modifyIndex: 4 });
  expect((await kv.list('a')).entries).toHaveLength(1);
  expect(tokens).toEqual(['secret', 'secret']);
});

test.each(['false', '', 'null', '"true"', '1'])('a write answered by %j did not happen', async (body) => {
  const kv = await clientOf((_, response) => response.writeHead(200, consul).end(body));
  expect(await kv.put('a', '1', { cas: 5 })).toBe(false);
});

test('a blocking list may take its wait beyond the timeout of a request', async () => {
  const kv = await clientOf((_, response) => {
    setTimeout(() => response.writeHead(200, consul).end('[]'), 150);
  });
  expect((await kv.list('p/', { index: 4, waitMs: 200 })).index).toBe(4);
});

test('what is no URL is refused at once', () => {
  expect(() => new ConsulKv({ url: '127.0.0.1' })).toThrow('not a Consul URL');
});
