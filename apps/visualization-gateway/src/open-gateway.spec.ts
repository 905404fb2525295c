import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type ServerWritableStream } from '@grpc/grpc-js';
import {
  HostStatus,
  MonitorServiceService,
  type GetMetricsRequest,
  type Host,
  type ListHostsRequest,
  type MonitorServiceServer,
  type SubscribeEvent,
  type SubscribeRequest,
} from '@ringwatch/contracts';
import { parseServerFrame, SchemaBook, type ServerFrame } from '@ringwatch/live';
import { packValues, schemaOf, toWire, type Report } from '@ringwatch/metrics';
import { createLogger, Lifecycle, Metrics, Readiness } from '@ringwatch/service';
import type { RunningApp } from '@ringwatch/service/nest';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { gatewayConfig } from './config.ts';
import { openGateway } from './open-gateway.ts';

function report(hostId: string, timestamp: number, metrics: Readonly<Record<string, number>>): Report {
  const schema = schemaOf(Object.keys(metrics));
  const values = packValues(schema.keys.map((key) => metrics[key] as number));
  return { hostId, timestamp, intervalMs: 1_000, labels: { rack: 'r7' }, schema, values, late: false };
}

/** A broker over real gRPC whose answers the test decides. */
class FakeBroker {
  readonly #server = new Server();
  readonly streams = new Set<ServerWritableStream<SubscribeRequest, SubscribeEvent>>();
  readonly reports: Report[] = [];
  subscriptions = 0;
  asked: unknown;
  away = false;
  address = '';

  async start(port = 0): Promise<this> {
    const refuse = { code: status.UNAVAILABLE, details: 'away' };
    const implementation: Partial<MonitorServiceServer> = {
      getMetrics: ({ request }, answer) => {
        this.asked = request satisfies GetMetricsRequest;
        if (this.away) return answer(refuse);
        const missing = ['history before 10: store unavailable'];
        const completeness = { partial: true, missing, stalenessMs: 5 };
        answer(null, { ...toWire(this.reports), nextStart: 12, completeness });
      },
      getLatest: (_call, answer) =>
        this.away
          ? answer(refuse)
          : answer(null, { ...toWire(this.reports), nextAfter: '', completeness: undefined }),
      listHosts: ({ request }, answer) => {
        this.asked = request satisfies ListHostsRequest;
        const hosts = ['web-1', 'web-10'].filter((id) => id > request.after).map(hostOf);
        answer(null, { hosts, nextAfter: '', total: 2, completeness: undefined });
      },
      subscribe: (call) => {
        this.subscriptions++;
        this.streams.add(call);
        call.on('cancelled', () => this.streams.delete(call));
        const snapshot = { logId: 'log', index: 1, complete: true, ...toWire(this.reports) };
        call.write({ event: { $case: 'reset', value: snapshot } });
      },
    };
    this.#server.addService(MonitorServiceService, implementation as MonitorServiceServer);
    const bound = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
        error === null ? resolve(at) : reject(error),
      );
    });
    this.address = `127.0.0.1:${bound}`;
    return this;
  }

  apply(...reports: Report[]): void {
    for (const stream of this.streams) {
      stream.write({ event: { $case: 'applied', value: { index: 2, complete: true, ...toWire(reports) } } });
    }
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

function hostOf(hostId: string): Host {
  const times = { firstSeenMs: 1_000, lastSeenMs: 2_500, latestTimestamp: 2 };
  return { hostId, status: HostStatus.LATE, intervalMs: 1_000, labels: { rack: 'r7' }, ...times };
}

/** A viewer that reads as the page does. */
class Viewer {
  readonly frames: ServerFrame[] = [];
  readonly values = new Map<string, Record<string, number | null>>();
  readonly #book = new SchemaBook();
  readonly socket: WebSocket;

  constructor(url: string, origin?: string, host?: string) {
    this.socket = new WebSocket(url, {
      ...(origin !== undefined && { origin }),
      ...(host !== undefined && { headers: { host } }),
    });
    this.socket.on('message', (data: Buffer) => this.#read(parseServerFrame(data.toString())));
  }

  async subscribed(frame: object): Promise<this> {
    await vi.waitFor(() => expect(this.frames[0]?.type).toBe('welcome'));
    this.socket.send(JSON.stringify({ v: 1, type: 'subscribe', ...frame }));
    await vi.waitFor(() => expect(this.last('snapshot')).toMatchObject({ complete: true }));
    return this;
  }

  last(type: ServerFrame['type']): ServerFrame | undefined {
    return this.frames.findLast((frame) => frame.type === type);
  }

  #read(frame: ServerFrame): void {
    this.frames.push(frame);
    if (frame.type !== 'snapshot' && frame.type !== 'update') return;
    this.#book.learn(frame.schemas);
    for (const wire of frame.reports) {
      const { host, keys, values } = this.#book.decode(wire);
      this.values.set(host, Object.fromEntries(keys.map((key, i) => [key, values[i] ?? null])));
    }
  }
}

let folder: string;
let broker: FakeBroker;
let lifecycle: Lifecycle;
let app: RunningApp;
let clockSeconds = 100;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringwatch-gateway-'));
  await mkdir(join(folder, 'page/assets'), { recursive: true });
  await writeFile(join(folder, 'page/index.html'), '<!doctype html><title>page</title>');
  await writeFile(join(folder, 'page/assets/app-Ab12.js'), 'export {};');
  broker = await new FakeBroker().start();
  broker.reports.push(report('web-1', 10, { load1: 0.5, 'cpu_seconds_total{cpu="0",mode="user"}': 3 }));
  const logger = createLogger({ name: 'spec', level: 'silent' });
  const readiness = new Readiness();
  lifecycle = new Lifecycle({ logger, readiness, exit: () => undefined });
  const config = gatewayConfig.parse({
    httpPort: 0,
    brokers: [broker.address],
    dashboardDir: join(folder, 'page'),
    dataDir: join(folder, 'data'),
    backends: ['store=embedded'],
    socketsPerAddressMax: 8,
    allowedOrigins: ['https://friend.example'],
  });
  const metrics = new Metrics('visualization-gateway');
  app = await openGateway({ name: 'spec', config, logger, metrics, readiness, lifecycle });
  await vi.waitFor(() => expect(broker.streams.size).toBe(1));
});
afterAll(async () => {
  await lifecycle.shutdown('the test is over');
  broker.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  broker.away = false;
  clockSeconds++;
});

async function get(path: string) {
  const response = await fetch(`${app.http}${path}`);
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, type: response.headers.get('content-type'), body };
}

function view(origin?: string, host?: string): Viewer {
  const viewer = new Viewer(`${app.http.replace('http', 'ws')}/live`, origin, host);
  onTestFinished(async () => {
    viewer.socket.close();
    if (viewer.socket.readyState === WebSocket.CLOSED) return;
    await new Promise((resolve) => viewer.socket.once('close', resolve));
  });
  return viewer;
}

describe('REST', () => {
  test('a range gives reports as they were reported, and says what is missing', async () => {
    const { body } = await get(
      '/api/v1/metrics?host=web-1&start=5&end=20&metrics=load1&metrics=cpu_seconds_total',
    );
    expect(body).toEqual({
      host: 'web-1',
      reports: [{ timestamp: 10, metrics: { load1: 0.5, 'cpu_seconds_total{cpu="0",mode="user"}': 3 } }],
      nextStart: 12,
      partial: true,
      missing: ['history before 10: store unavailable'],
      stalenessMs: 5,
    });
    expect(broker.asked).toMatchObject({
      when: { $case: 'range', value: { start: 5, end: 20 } },
      metrics: ['load1', 'cpu_seconds_total'],
    });
  });

  test('a point is asked for as a point', async () => {
    await get('/api/v1/metrics?host=web-1&at=10.5');
    expect(broker.asked).toMatchObject({ when: { $case: 'at', value: 10.5 }, limit: 1_000 });
  });

  test('hosts are filtered by status and by several labels', async () => {
    const { body } = await get('/api/v1/hosts?status=late&label=rack:r7&label=os:linux&limit=5');
    expect(broker.asked).toMatchObject({
      status: HostStatus.LATE,
      labels: { rack: 'r7', os: 'linux' },
      limit: 5,
    });
    expect(body).toMatchObject({ total: 2, hosts: [{ hostId: 'web-1', status: 'late', lastSeen: 2.5 }, {}] });
  });

  test('one host is found among those whose names begin alike, another is not found', async () => {
    expect((await get('/api/v1/hosts/web-10')).body).toMatchObject({ hostId: 'web-10' });
    const { status: code, body } = await get('/api/v1/hosts/web-2');
    expect([code, body['reason']]).toEqual([404, 'host_not_found']);
  });

  test.each([
    ['no time', '/api/v1/metrics?host=a'],
    ['a point and a range', '/api/v1/metrics?host=a&at=1&start=1&end=2'],
    ['half a range', '/api/v1/metrics?host=a&start=1'],
    ['a range that ends before it starts', '/api/v1/metrics?host=a&start=2&end=1'],
    ['no host', '/api/v1/metrics?at=1'],
    ['a time that is none', '/api/v1/metrics?host=a&at=now'],
    ['an endless time', '/api/v1/metrics?host=a&at=Infinity'],
    ['a limit of zero', '/api/v1/hosts?limit=0'],
    ['a limit beyond the most', '/api/v1/hosts?limit=1001'],
    ['an unknown status', '/api/v1/hosts?status=gone'],
    ['a label without a value', '/api/v1/hosts?label=rack'],
    ['an unknown parameter', '/api/v1/latest?hosts=a'],
    ['101 metrics', `/api/v1/latest?${'metrics=a&'.repeat(101)}`],
  ])('%s is refused as a problem that says why', async (_what, path) => {
    const { status: code, type, body } = await get(path);
    expect([code, type, body['reason']]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
      'invalid_query',
    ]);
    expect(String(body['detail']).length).toBeGreaterThan(5);
  });

  test('with brokers away the newest reports are answered from memory, marked; the past is not', async () => {
    broker.away = true;
    const { status: code, body } = await get('/api/v1/latest?metrics=load1');
    expect(code).toBe(200);
    expect(body).toMatchObject({ partial: true, reports: [{ hostId: 'web-1', metrics: { load1: 0.5 } }] });
    expect((await get('/api/v1/metrics?host=web-1&at=10')).status).toBe(503);
  });

  test('the OpenAPI document describes every parameter that is validated', async () => {
    const { body } = await get('/api/v1/openapi.json');
    const paths = body['paths'] as Record<string, { get: { parameters?: { name: string }[] } }>;
    expect(body['openapi']).toBe('3.1.0');
    expect(paths['/api/v1/metrics']?.get.parameters?.map(({ name }) => name)).toEqual([
      'host',
      'at',
      'start',
      'end',
      'metrics',
      'limit',
    ]);
    expect(Object.keys(paths)).toHaveLength(5);
  });
});

describe('live', () => {
  test('a viewer gets a snapshot, then what is applied, by host and metric', async () => {
    const filter = { id: 'load', hosts: { globs: ['web-*'] }, metrics: { names: ['load1'] } };
    const viewer = await view().subscribed(filter);
    expect(viewer.frames[0]).toMatchObject({ intervalMs: 1_000, backends: { store: 'embedded' } });
    expect(viewer.values.get('web-1')).toEqual({ load1: 0.5 });
    broker.apply(report('web-9', clockSeconds, { load1: 9 }), report('db-1', clockSeconds, { load1: 1 }));
    await vi.waitFor(() => expect(viewer.values.get('web-9')).toEqual({ load1: 9 }));
    expect(viewer.values.has('db-1')).toBe(false);
  });

  test('any number of viewers is one stream upstream and one encoding', async () => {
    const viewers = await Promise.all(Array.from({ length: 5 }, () => view().subscribed({ id: 'all' })));
    const before = ((await get('/api/v1/status')).body['live'] as { framesEncoded: number }).framesEncoded;
    broker.apply(report('shared', clockSeconds, { load1: 1 }));
    for (const viewer of viewers)
      await vi.waitFor(() => expect(viewer.values.get('shared')).toEqual({ load1: 1 }));
    const after = ((await get('/api/v1/status')).body['live'] as { framesEncoded: number }).framesEncoded;
    expect([broker.subscriptions, after - before]).toEqual([1, 1]);
  });

  test('a report that is repeated is not sent again', async () => {
    const viewer = await view().subscribed({ id: 'all' });
    const again = report('repeated', clockSeconds, { load1: 1 });
    broker.apply(again, again);
    broker.apply(again, report('after', clockSeconds, { load1: 2 }));
    await vi.waitFor(() => expect(viewer.values.has('after')).toBe(true));
    const updates = viewer.frames.flatMap((frame) => (frame.type === 'update' ? frame.reports : []));
    expect(updates.filter(({ host }) => host === 'repeated')).toHaveLength(1);
  });

  test.each([
    ['another site', 'https://evil.example', undefined, 403],
    ['a sandboxed page', 'null', undefined, 403],
    ['a page whose own name resolves to us', 'http://evil.example:7301', 'evil.example:7301', 403],
  ])('%s may not open it', async (_who, origin, host, code) => {
    const { socket } = view(origin, host);
    const response = await new Promise<number | undefined>((resolve) => {
      socket.once('error', () => undefined);
      socket.once('unexpected-response', (_request, answer) => resolve(answer.statusCode));
    });
    expect(response).toBe(code);
  });

  test('an allowed origin and the own host may', async () => {
    for (const origin of ['https://friend.example', app.http]) {
      const viewer = await view(origin).subscribed({ id: 'all' });
      expect(viewer.values.has('web-1')).toBe(true);
    }
  });

  test('one address may not take all sockets, and what it leaves is free again', async () => {
    const viewers = Array.from({ length: 8 }, () => view());
    for (const viewer of viewers) await vi.waitFor(() => expect(viewer.frames).toHaveLength(1));
    const ninth = view();
    const [, answer] = await new Promise<[unknown, { statusCode?: number }]>((resolve) => {
      ninth.socket.once('error', () => undefined);
      ninth.socket.once('unexpected-response', (...all) => resolve(all));
    });
    expect(answer.statusCode).toBe(429);
    viewers[0]?.socket.close();
    await vi.waitFor(async () => {
      const { body } = await get('/api/v1/status');
      expect((body['live'] as { viewers: number }).viewers).toBe(7);
    });
    await view().subscribed({ id: 'all' });
  });

  test('a frame above 64 KiB ends the socket with 1009, a binary one with 1003', async () => {
    for (const [data, expected] of [
      ['x'.repeat(70_000), 1009],
      [Buffer.from('{}'), 1003],
    ] as const) {
      const viewer = await view().subscribed({ id: 'all' });
      viewer.socket.send(data);
      const code = await new Promise((resolve) => viewer.socket.once('close', resolve));
      expect(code).toBe(expected);
    }
  });

  test('when the brokers are lost viewers are told, and told again when they are back', async () => {
    const viewer = await view().subscribed({ id: 'all' });
    const port = Number(broker.address.split(':')[1]);
    broker.stop();
    await vi.waitFor(() => expect(viewer.last('status')).toMatchObject({ status: { state: 'away' } }), 5_000);
    const { body } = await get('/readyz');
    expect(body).toMatchObject({ status: 'degraded', checks: { brokers: { state: 'degraded' } } });
    const reports = broker.reports;
    broker = new FakeBroker();
    broker.reports.push(...reports, report('fresh', clockSeconds, { load1: 7 }));
    await broker.start(port);
    await vi.waitFor(() => expect(viewer.values.get('fresh')).toEqual({ load1: 7 }), 8_000);
    expect(viewer.last('status')).toMatchObject({ status: { state: 'live' } });
    expect(viewer.socket.readyState).toBe(WebSocket.OPEN);
  }, 20_000);
});

describe('page', () => {
  test.each(['/', '/hosts/web-1', '/hosts/a%2Fb?range=15m'])(
    '%s is the page under a strict policy',
    async (path) => {
      const response = await fetch(`${app.http}${path}`);
      expect(await response.text()).toContain('<title>page</title>');
      const policy = response.headers.get('content-security-policy');
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toContain('unsafe');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  test('files with a hash in their name may be kept for ever', async () => {
    const response = await fetch(`${app.http}/assets/app-Ab12.js`);
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect(response.headers.get('content-type')).toContain('javascript');
  });

  test.each(['/assets/missing.js', '/../package.json', '/%2e%2e/data', '/nowhere'])(
    '%s is not found, as a problem',
    async (path) => {
      const response = await fetch(`${app.http}${path}`);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        404,
        'application/problem+json; charset=utf-8',
      ]);
    },
  );
});
