/**
 * Durable ingest of one broker over gRPC streaming, batches of 100 reports × 50 metrics, beside the transport
 * alone (a server that only decodes and acknowledges), interleaved in one run.
 *
 * usage: npm run bench -- ingest [seconds per round, default 4] [rounds, default 3]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { credentials, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { IngestServiceClient, IngestServiceService, type Batch, type BatchAck } from '@ringwatch/contracts';
import { schemaOf } from '@ringwatch/metrics';
import { startRedis } from '../../../tools/services/index.mjs';

const HOSTS = 10_000;
const REPORTS = 100;
const METRICS = 50;
const IN_FLIGHT = 24;
const WARM_UP_MS = 1_500;

const schema = schemaOf(Array.from({ length: METRICS }, (_, i) => `bench_metric_${i}`));
const hash = Buffer.from(schema.hash, 'hex');
const values = Buffer.alloc(METRICS * 8);
for (let i = 0; i < METRICS; i++) values.writeDoubleLE(Math.round(Math.sin(i) * 10_000) / 100, i * 8);

/** The batch of number `n`: each of its hosts reports for the next time. */
function batchOf(n: number, start: number): Batch {
  const reports = Array.from({ length: REPORTS }, (_, i) => {
    const report = n * REPORTS + i;
    const timestamp = start + Math.floor(report / HOSTS) / 1_000;
    const hostId = `bench-host-${report % HOSTS}`;
    return { hostId, timestamp, intervalMs: 10_000, schema: 0, values, labels: {}, late: false };
  });
  return { sequence: n, schemas: [{ hash, keys: n < 100 ? schema.keys : [] }], reports };
}

/** Reports acknowledged per second over `seconds`, after a warm-up. */
async function measure(address: string, seconds: number): Promise<number> {
  const client = new IngestServiceClient(address, credentials.createInsecure());
  const stream = client.push();
  const start = Date.now() / 1_000 - 120;
  let next = 0;
  let acknowledged = 0;
  stream.on('data', (ack: BatchAck) => {
    if (ack.accepted !== REPORTS)
      throw new Error(`batch ${ack.sequence}: ${JSON.stringify(ack.faults[0] ?? ack)}`);
    acknowledged += ack.accepted;
    stream.write(batchOf(next++, start));
  });
  for (let i = 0; i < IN_FLIGHT; i++) stream.write(batchOf(next++, start));
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const before = acknowledged;
  const fromMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const rate = ((acknowledged - before) / (performance.now() - fromMs)) * 1_000;
  stream.on('error', () => undefined);
  client.close();
  stream.cancel();
  return rate;
}

/** The transport alone, in a process of its own: decodes and acknowledges. */
function serveTransport(): void {
  const server = new Server();
  const push = (call: ServerDuplexStream<Batch, BatchAck>): void => {
    call.on('data', ({ sequence, reports }: Batch) => {
      call.write({ sequence, accepted: reports.length, duplicates: 0, faults: [], index: 0 });
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  };
  const upload = (): void => undefined;
  server.addService(IngestServiceService, { push, upload });
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, port) =>
    console.log(JSON.stringify({ msg: 'listening', grpc: `127.0.0.1:${port}` })),
  );
}

interface Target {
  readonly name: string;
  readonly child: ChildProcess;
  readonly address: string;
}

/** Starts a server and reads its address from its `listening` line. */
async function start(name: string, args: readonly string[]): Promise<Target> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const { msg, grpc } = JSON.parse(line) as { msg?: string; grpc?: string };
    if (msg !== 'listening') continue;
    child.stdout?.resume();
    return { name, child, address: grpc as string };
  }
  throw new Error(`${name} did not start`);
}

function startBroker(name: string, ...more: string[]): Promise<Target> {
  const main = join(import.meta.dirname, '..', 'bundle', 'main.js');
  const folder = mkdtempSync(join(tmpdir(), 'ringwatch-bench-'));
  const ports = ['--http-port', '0', '--grpc-port', '0', '--log-level', 'info', '--data-dir', folder];
  return start(name, [main, ...ports, ...more]);
}

async function main(seconds: number, rounds: number): Promise<void> {
  const redis = await startRedis();
  const starts: (() => Promise<Target>)[] = [
    () => start('transport alone', [import.meta.filename, 'serve-transport']),
    () => startBroker('embedded'),
    ...(redis.reason === undefined ? [() => startBroker('redis', '--redis-url', redis.url)] : []),
  ];
  const rates = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const startTarget of starts) {
      const { name, child, address } = await startTarget();
      rates.set(name, [...(rates.get(name) ?? []), await measure(address, seconds)]);
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  }
  if (redis.reason === undefined) await redis.stop();
  const transport = median(rates.get('transport alone') ?? []);
  for (const [name, values] of rates) {
    const value = Math.round(median(values));
    const ratio = Math.round((value / transport) * 1_000) / 1_000;
    const against = name === 'transport alone' ? {} : { against: 'transport alone', ratio };
    console.log(JSON.stringify({ bench: 'ingest', name, value, unit: 'reports/s', ...against }));
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

if (process.argv[2] === 'serve-transport') serveTransport();
else await main(Number(process.argv[2] ?? 4), Number(process.argv[3] ?? 3));
