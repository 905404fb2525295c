import { afterEach, expect, test } from 'vitest';
import { HealthServer } from './health-server.ts';
import { Metrics } from './metrics.ts';
import { Readiness } from './readiness.ts';

let server: HealthServer | undefined;
afterEach(() => server?.close());

async function scene() {
  const readiness = new Readiness();
  const metrics = new Metrics('test');
  server = await HealthServer.listen({ readiness, metrics }, '127.0.0.1', 0);
  return { readiness, metrics, url: `http://127.0.0.1:${server.port}` };
}

test('readyz follows the worst check and says why', async () => {
  const { readiness, url } = await scene();
  const ask = async () => {
    const response = await fetch(`${url}/readyz`);
    return { status: response.status, ...((await response.json()) as object) };
  };
  readiness.set('redis', 'ok');
  expect(await ask()).toEqual({ status: 'ready', checks: { redis: { state: 'ok' } } });
  readiness.set('redis', 'degraded', 'reconnecting');
  expect(await ask()).toMatchObject({ status: 'degraded', checks: { redis: { detail: 'reconnecting' } } });
  readiness.watch('log', () => ({ state: 'failed', detail: 'disk full' }));
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
});

test('a draining process is alive but not ready, and lets go of the connection', async () => {
  const { readiness, url } = await scene();
  readiness.startDraining();
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close']);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
});

test('metrics are exposition text with the app on every series', async () => {
  const { metrics, url } = await scene();
  metrics.counter('reports_total', 'Reports').inc(3);
  metrics.gauge('queue_length', 'Queue', [], () => 7);
  metrics.counter('bytes_total', 'Bytes', [], () => 11);
  await fetch(`${url}/metrics`);
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('reports_total{app="test"} 3');
  expect(text).toContain('queue_length{app="test"} 7');
  expect(text).toContain('bytes_total{app="test"} 11');
  expect(text).toContain('process_resident_memory_bytes');
});

test.each([
  { method: 'GET', path: '/nothing', status: 404 },
  { method: 'POST', path: '/livez', status: 405 },
])('$method $path is a problem document with $status', async ({ method, path, status }) => {
  const { url } = await scene();
  const response = await fetch(url + path, { method });
  expect([response.status, response.headers.get('content-type')]).toEqual([
    status,
    'application/problem+json; charset=utf-8',
  ]);
});
