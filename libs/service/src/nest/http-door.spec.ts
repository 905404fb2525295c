import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '@ringwatch/kernel/system';
import { Metrics } from '../metrics.ts';
import { Readiness } from '../readiness.ts';
import { HttpDoor, type HttpDoorOptions } from './http-door.ts';

const BODY_BYTES_MAX = 1_000;
const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

async function opened(options: Partial<HttpDoorOptions> = {}): Promise<HttpDoor> {
  const sources = { readiness: new Readiness(), metrics: new Metrics('test'), clock: systemClock };
  const door = new HttpDoor({ listen: '127.0.0.1', bodyBytesMax: BODY_BYTES_MAX, ...sources, ...options });
  door.fastify.post('/echo', async (request) => request.body);
  await door.fastify.listen({ port: 0, host: '127.0.0.1' });
  ended.push(() => door.fastify.close());
  return door;
}

async function dial(door: HttpDoor): Promise<Socket> {
  const socket = connect(door.port, '127.0.0.1');
  ended.unshift(() => socket.destroy());
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** What comes back first: an answer, or `closed`. */
function answer(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (data) => resolve(data.toString()));
    socket.once('close', () => resolve('closed'));
  });
}

async function ask(door: HttpDoor, text: string): Promise<string> {
  const socket = await dial(door);
  socket.write(text);
  return answer(socket);
}

const get = (path: string, host: string): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const post = (length: number, body = ''): string =>
  'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
  `Content-Length: ${length}\r\n\r\n${body}`;

test('a foreign host name is refused on loopback, but for the health paths', async () => {
  const door = await opened();
  const refused = await ask(door, get('/echo', 'evil.example'));
  expect(refused).toMatch(/^HTTP\/1.1 403 /);
  expect(refused).toContain('"reason":"host_not_allowed"');
  expect(await ask(door, get('/livez', 'evil.example'))).toMatch(/^HTTP\/1.1 200 /);
  expect(await ask(await opened({ listen: '0.0.0.0' }), get('/echo', 'name.example'))).toMatch(
    /^HTTP\/1.1 404 /,
  );
});

test('a body that is announced too large is refused unread', async () => {
  expect(await ask(await opened(), post(BODY_BYTES_MAX + 1))).toMatch(/^HTTP\/1.1 413 /);
});

test('a connection too many is closed, and one that ends makes room', async () => {
  const door = await opened({ connectionsMax: 2 });
  const first = await dial(door);
  await dial(door);
  expect(await ask(door, get('/livez', 'localhost'))).toBe('closed');
  first.destroy();
  await expect.poll(() => ask(door, get('/livez', 'localhost'))).toMatch(/^HTTP\/1.1 200 /);
});

test('bodies that are not finished are refused beyond their total, and make room when they end', async () => {
  const door = await opened({ bodiesBytesMax: 2 * BODY_BYTES_MAX });
  const unfinished = [await dial(door), await dial(door)];
  for (const socket of unfinished) socket.write(post(BODY_BYTES_MAX, '{'));
  await expect.poll(() => ask(door, post(1, '1'))).toContain('"reason":"too_many_bodies"');
  expect(await ask(door, get('/livez', 'localhost'))).toMatch(/^HTTP\/1.1 200 /);
  unfinished[0]?.destroy();
  await expect.poll(() => ask(door, post(1, '1'))).toMatch(/^HTTP\/1.1 200 /);
  unfinished[1]?.write(`${' '.repeat(BODY_BYTES_MAX - 2)}}`);
  expect(await answer(unfinished[1] as Socket)).toMatch(/^HTTP\/1.1 200 /);
});
