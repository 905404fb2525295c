import { connect, type Socket } from 'node:net';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  Client,
  credentials,
  Metadata,
  status,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  Body,
  Controller,
  Get,
  Module,
  Param,
  Post,
  type OnApplicationShutdown,
  Injectable,
} from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '@ringwatch/kernel';
import { MemoryLogger } from '@ringwatch/kernel/fake';
import { REASON_METADATA, RETRY_AFTER_METADATA } from '../fault-mapping.ts';
import { Lifecycle } from '../lifecycle.ts';
import { Metrics } from '../metrics.ts';
import { Readiness } from '../readiness.ts';
import { bootstrap, type RunningApp } from './bootstrap.ts';

/** One string field, the smallest message that can be malformed. */
const text = {
  encode: (value: { text: string }) => Buffer.from(new BinaryWriter().uint32(10).string(value.text).finish()),
  decode: (input: Uint8Array | BinaryReader) => {
    const reader = input instanceof BinaryReader ? input : new BinaryReader(input);
    let decoded = '';
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === 10) decoded = reader.string();
      else reader.skip(tag & 7);
    }
    return { text: decoded };
  },
};

type Text = { text: string };
const method = (
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<Text, Text> => ({
  path: `/test.v1.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: text.encode,
  requestDeserialize: text.decode,
  responseSerialize: text.encode,
  responseDeserialize: text.decode,
});
const packageDefinition = {
  'test.v1.Echo': { Say: method('Say', false, false), Chat: method('Chat', true, true) },
};

const events: string[] = [];
let released: Promise<void>;
let release: () => void;

@Injectable()
class Store implements OnApplicationShutdown {
  onApplicationShutdown(): void {
    events.push('store closed');
  }
}

@Controller()
class Doors {
  @Get('hosts/:id')
  host(@Param('id') id: string): { id: string } {
    if (id === 'missing') throw new Fault('not_found', 'no host missing', { reason: 'unknown_host' });
    if (id === 'bug') throw new TypeError('secret internals');
    if (id === 'busy') throw new Fault('unavailable', 'queue full', { retryAfterMs: 2_000 });
    return { id };
  }

  @Post('echo')
  echo(@Body() body: unknown): unknown {
    return body;
  }

  @Get('slow')
  async slow(): Promise<{ done: boolean }> {
    events.push('slow started');
    await released;
    return { done: true };
  }

  @GrpcMethod('test.v1.Echo', 'Say')
  async say(request: Text): Promise<Text> {
    if (request.text === 'slow') {
      events.push('slow call started');
      await released;
    }
    if (request.text === 'busy')
      throw new Fault('resource_exhausted', 'quota', { reason: 'too_many_hosts', retryAfterMs: 250 });
    if (request.text === 'bug') throw new TypeError('secret internals');
    return request;
  }

  @GrpcStreamCall('test.v1.Echo', 'Chat')
  chat(call: {
    on(event: 'data', listener: (message: Text) => void): void;
    write(message: Text): void;
  }): void {
    const refused = true;
    call.on('data', (message) => call.write(message));
    if (refused) throw new Fault('unavailable', 'no leader');
  }
}

@Module({ controllers: [Doors], providers: [Store] })
class App {}

let running: RunningApp;
let lifecycle: Lifecycle;
let logger: MemoryLogger & { child(): never; flush(): Promise<void>; flushSync(): void };
let client: Client;
let exits: number[];

beforeEach(async () => {
  events.length = 0;
  exits = [];
  released = new Promise((resolve) => (release = resolve));
  logger = Object.assign(new MemoryLogger(), {
    child: () => logger as never,
    flush: async () => undefined,
    flushSync: () => undefined,
  });
  const readiness = new Readiness();
  lifecycle = new Lifecycle({ logger, readiness, exit: (code) => exits.push(code) });
  running = await bootstrap({
    module: App,
    config: { listen: '127.0.0.1', httpPort: 0, grpcPort: 0 },
    logger,
    lifecycle,
    readiness,
    metrics: new Metrics('test'),
    http: { bodyBytesMax: 1_000, drainGraceMs: 600 },
    grpc: { package: 'test.v1', packageDefinition: packageDefinition as never, drainGraceMs: 200 },
  });
  client = new Client(running.grpc as string, credentials.createInsecure());
});

afterEach(async () => {
  client.close();
  release();
  await lifecycle.shutdown('test over');
});

function say(bytes: Buffer): Promise<Text> {
  return new Promise((resolve, reject) => {
    const path = '/test.v1.Echo/Say';
    client.makeUnaryRequest(
      path,
      (value: Buffer) => value,
      text.decode as (b: Buffer) => Text,
      bytes,
      new Metadata(),
      (error, reply) => (error === null ? resolve(reply as Text) : reject(error)),
    );
  });
}

function refusal(bytes: Buffer): Promise<ServiceError> {
  const unexpected = (reply: Text): never => {
    throw new Error(`accepted: ${reply.text}`);
  };
  return say(bytes).then(unexpected, (error: unknown) => error as ServiceError);
}

describe('http', () => {
  test.each([
    { title: 'a fault', path: '/hosts/missing', init: {}, status: 404, reason: 'unknown_host' },
    { title: 'an unknown path', path: '/nope', init: {}, status: 404, reason: 'not_found' },
    { title: 'malformed JSON', path: '/echo', init: json('{"a":'), status: 400, reason: 'malformed_json' },
    {
      title: '__proto__',
      path: '/echo',
      init: json('{"__proto__":{"x":1}}'),
      status: 400,
      reason: 'malformed_json',
    },
    {
      title: 'a body above the limit',
      path: '/echo',
      init: json(JSON.stringify('x'.repeat(2_000))),
      status: 413,
      reason: 'body_too_large',
    },
    {
      title: 'a foreign media type',
      path: '/echo',
      init: { method: 'POST', body: 'x', headers: { 'content-type': 'text/csv' } },
      status: 415,
      reason: 'unsupported_media_type',
    },
    {
      title: 'a parameter above the limit',
      path: `/hosts/${'x'.repeat(4_000)}`,
      init: {},
      status: 414,
      reason: 'uri_too_long',
    },
    { title: 'a malformed escape', path: '/hosts/%zz', init: {}, status: 400, reason: 'malformed_url' },
  ])('$title is a problem document with $status', async ({ path, init, status: expected, reason }) => {
    const response = await fetch(running.http + path, init);
    const problem = (await response.json()) as { reason: string; status: number };
    expect([response.status, response.headers.get('content-type')]).toEqual([
      expected,
      'application/problem+json; charset=utf-8',
    ]);
    expect(problem.status).toBe(expected);
    expect(problem.reason).toBe(reason);
  });

  test('our own bug is 500, logged once, and its message stays inside', async () => {
    const response = await fetch(`${running.http}/hosts/bug`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret internals');
    expect(logger.lines.filter((line) => line.level === 'error')).toHaveLength(1);
  });

  test('a client that goes away in its body is no fault of ours', async () => {
    const socket = await openSocket(running.http);
    const head = 'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    socket.write(`${head}Content-Length: 100\r\n\r\n{`, () => socket.destroy());
    await until(() => logger.lines.some((line) => line.message === 'request cancelled'));
    expect(logger.lines.filter((line) => line.level === 'error')).toEqual([]);
  });

  test('a retryable fault says when to come back', async () => {
    expect((await fetch(`${running.http}/hosts/busy`)).headers.get('retry-after')).toBe('2');
  });

  test('a host id of 1,024 bytes fits percent-encoded', async () => {
    const id = 'ü'.repeat(512);
    expect(await (await fetch(`${running.http}/hosts/${encodeURIComponent(id)}`)).json()).toEqual({ id });
  });

  test.each(['/livez', '/readyz', '/metrics'])('%s answers 200', async (path) => {
    expect((await fetch(running.http + path)).status).toBe(200);
  });

  test('the listening line carries both doors with their real ports', () => {
    const line = logger.lines.find((each) => each.message === 'listening');
    expect(line?.fields).toEqual({ http: running.http, grpc: running.grpc });
    expect(running.grpc).not.toContain(':0');
  });
});

describe('grpc', () => {
  test('a call is answered', async () => {
    expect(await say(text.encode({ text: 'grüß' }))).toEqual({ text: 'grüß' });
  });

  test('a fault keeps its code, reason and delay', async () => {
    const error = await refusal(text.encode({ text: 'busy' }));
    expect([error.code, error.details]).toEqual([status.RESOURCE_EXHAUSTED, 'quota']);
    expect([error.metadata.get(REASON_METADATA), error.metadata.get(RETRY_AFTER_METADATA)]).toEqual([
      ['too_many_hosts'],
      ['250'],
    ]);
  });

  test('our own bug is INTERNAL without its message', async () => {
    const error = await refusal(text.encode({ text: 'bug' }));
    expect([error.code, error.details]).toEqual([status.INTERNAL, 'internal error']);
  });

  test.each([
    { title: 'a truncated message', bytes: Buffer.from([10, 5, 65]) },
    { title: 'broken UTF-8', bytes: Buffer.from([10, 2, 0xc3, 0x28]) },
    { title: 'an overlong varint', bytes: Buffer.alloc(12, 0xff) },
  ])('$title is INVALID_ARGUMENT, and the next call is served', async ({ bytes }) => {
    const error = await refusal(bytes);
    expect(status[error.code]).toBe('INVALID_ARGUMENT');
    expect(error.metadata.get(REASON_METADATA)).toEqual(['undecodable_message']);
    expect(await say(text.encode({ text: 'still here' }))).toEqual({ text: 'still here' });
  });

  test('a message above 4 MiB is RESOURCE_EXHAUSTED', async () => {
    const error = await refusal(text.encode({ text: 'x'.repeat(4 * 1024 * 1024 + 1) }));
    expect(status[error.code]).toBe('RESOURCE_EXHAUSTED');
  });

  test('a stream handler that throws ends its call with the fault instead of crashing', async () => {
    const call = client.makeBidiStreamRequest(
      '/test.v1.Echo/Chat',
      text.encode,
      text.decode as (b: Buffer) => Text,
      new Metadata(),
    );
    const error = await new Promise<ServiceError>((resolve) =>
      call.on('error', resolve as (error: Error) => void),
    );
    expect([error.code, error.details]).toEqual([status.UNAVAILABLE, 'no leader']);
  });
});

describe('drain', () => {
  test('requests in flight finish on both doors, connections are refused, stores close last', async () => {
    const slow = fetch(`${running.http}/slow`);
    const call = say(text.encode({ text: 'slow' }));
    await until(() => events.includes('slow started') && events.includes('slow call started'));
    const ended = lifecycle.shutdown('SIGTERM').then(() => events.push('ended'));
    await until(async () =>
      fetch(running.http).then(
        () => false,
        () => true,
      ),
    );
    expect(events).not.toContain('store closed');
    release();
    const response = await slow;
    expect([response.status, await response.json()]).toEqual([200, { done: true }]);
    expect(await call).toEqual({ text: 'slow' });
    await ended;
    expect(events.slice(-2)).toEqual(['store closed', 'ended']);
    expect(exits).toEqual([0]);
  });

  test('a keep-alive client is answered once more with Connection: close', async () => {
    const socket = await openSocket(running.http);
    expect(await ask(socket)).not.toMatch(/connection: close/i);
    const ended = lifecycle.shutdown('SIGTERM');
    expect(await ask(socket)).toMatch(/^HTTP\/1.1 200[\s\S]*connection: close/i);
    await ended;
    expect(exits).toEqual([0]);
  });

  test('a request that never ends is cut after the grace', async () => {
    const slow = fetch(`${running.http}/slow`).then(
      () => 'answered',
      () => 'cut',
    );
    await until(() => events.includes('slow started'));
    await lifecycle.shutdown('SIGTERM');
    expect([await slow, exits]).toEqual(['cut', [0]]);
  });

  test('a call that never ends is cut after the grace', async () => {
    const call = refusal(text.encode({ text: 'slow' }));
    await until(() => events.includes('slow call started'));
    await lifecycle.shutdown('SIGTERM');
    expect([status.UNAVAILABLE, status.CANCELLED]).toContain((await call).code);
  });
});

function json(body: string): RequestInit {
  return { method: 'POST', body, headers: { 'content-type': 'application/json' } };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

function openSocket(url: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
}

function ask(socket: Socket): Promise<string> {
  socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  return new Promise((resolve) => socket.once('data', (data) => resolve(data.toString())));
}
