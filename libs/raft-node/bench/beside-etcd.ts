/**
 * Puts a second beside a real etcd, on the same machine and with the same client program: three servers each,
 * synced to disk, values of 256 bytes. etcd is asked by unary calls, which is all it has for puts; we are
 * asked by a stream and, for comparison, by unary calls. The transport alone answers at once. Systems take
 * turns, each starting anew; figures are medians. Clients and servers share the machine, and the CPU of both
 * is printed per 1,000 puts.
 *
 * usage: npm run bench -- beside-etcd [milliseconds per load, default 4000] [rounds, default 3]
 *        [systems, default etcd,stream,unary,alone]
 */
import { SeededRandom } from '@ringwatch/kernel/fake';
import { startEtcdCluster } from './beside-etcd/etcd-cluster.ts';
import type { PutCluster } from './beside-etcd/put-cluster.ts';
import { openEtcd, openStream, openUnary, type OpenPuts } from './beside-etcd/put-connection.ts';
import { offerLoad, type LoadFigures } from './beside-etcd/put-load.ts';
import { startRaft, startTransportAlone } from './beside-etcd/put-processes.ts';

const SEED = 20_261_121;
const CLIENTS = [1, 64, 1_000];
/** These ask before anything is measured: our servers are compiled while they run, etcd is not. */
const FIRST_CLIENTS = 64;
const WARM_UP_PART = 0.3;
const YARDSTICK = 'etcd';

interface System {
  readonly start: () => Promise<PutCluster | { readonly reason: string }>;
  readonly open: OpenPuts;
}

const SYSTEMS: Readonly<Record<string, System>> = {
  etcd: { start: startEtcdCluster, open: openEtcd },
  stream: { start: startRaft, open: openStream },
  unary: { start: startRaft, open: openUnary },
  alone: { start: startTransportAlone, open: openStream },
};

/** Unit of each figure, and what is printed beside etcd's. */
const UNITS: Readonly<Record<keyof LoadFigures, string>> = {
  putsPerSecond: 'puts/s',
  p50Ms: 'ms p50',
  p99Ms: 'ms p99',
  serverCpuMs: 'server CPU ms per 1000 puts',
  clientCpuMs: 'client CPU ms per 1000 puts',
};

/** The figures of one system at one number of clients, round by round. */
type Results = Map<string, LoadFigures[]>;

/** One turn of one system: started, asked by ever more clients, stopped. */
async function measure(name: string, measuredMs: number, results: Results): Promise<void> {
  const { start, open } = SYSTEMS[name] as System;
  const cluster = await start();
  if ('reason' in cluster) {
    console.error(`beside-etcd: without ${name}: ${cluster.reason}`);
    return;
  }
  const offer = (clients: number): Promise<LoadFigures> => {
    const random = new SeededRandom(SEED);
    return offerLoad(cluster, open, { clients, measuredMs, warmUpMs: measuredMs * WARM_UP_PART, random });
  };
  try {
    await offer(FIRST_CLIENTS);
    for (const clients of CLIENTS) {
      const figures = await offer(clients);
      const key = keyOf(name, clients);
      results.set(key, [...(results.get(key) ?? []), figures]);
    }
  } finally {
    await cluster.stop();
  }
}

function printAll(names: readonly string[], results: Results): void {
  for (const clients of CLIENTS) {
    const figure = (name: string, of: keyof LoadFigures): number =>
      median((results.get(keyOf(name, clients)) ?? []).map((figures) => figures[of]));
    for (const name of names) {
      if (!results.has(keyOf(name, clients))) continue;
      for (const [of, unit] of Object.entries(UNITS) as [keyof LoadFigures, string][]) {
        const beside = name !== YARDSTICK && results.has(keyOf(YARDSTICK, clients));
        const against = beside ? { name: YARDSTICK, value: figure(YARDSTICK, of) } : undefined;
        print(keyOf(name, clients), figure(name, of), unit, against);
      }
    }
  }
}

function keyOf(name: string, clients: number): string {
  return `${name}, ${clients} ${clients === 1 ? 'client' : 'clients'}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(name: string, value: number, unit: string, against?: { name: string; value: number }): void {
  const round = (number: number): number => Number(number.toPrecision(4));
  const yardstick = against && { against: against.name, ratio: round(value / against.value) };
  console.log(JSON.stringify({ bench: 'beside-etcd', name, value: round(value), unit, ...yardstick }));
}

async function main(measuredMs: number, rounds: number, names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in SYSTEMS));
  if (unknown.length > 0) throw new Error(`no such system: ${unknown.join(', ')}`);
  const results: Results = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const name of names) await measure(name, measuredMs, results);
  }
  printAll(names, results);
}

const [measuredMs = 4_000, rounds = 3, names = Object.keys(SYSTEMS).join(',')] = process.argv.slice(2);
await main(Number(measuredMs), Number(rounds), names.split(','));
