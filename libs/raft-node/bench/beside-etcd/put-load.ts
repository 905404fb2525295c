/**
 * Clients that put as fast as they are answered, each with one put under way; keys are random ones of a small
 * set. All of them share this process and one connection, whoever the servers are: more connections made
 * etcd slower, not faster.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { assert, randomBelow, type Random } from '@ringwatch/kernel';
import { LeaderConnection } from './leader-connection.ts';
import { cpuMsOf, type PutCluster } from './put-cluster.ts';
import type { OpenPuts } from './put-connection.ts';

const KEYS = 1_000;
const VALUE_BYTES = 256;

export interface Load {
  readonly clients: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
  readonly random: Random;
}

/** What a load came to. */
export interface LoadFigures {
  readonly putsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU milliseconds of all servers per 1,000 puts, user and system. */
  readonly serverCpuMs: number;
  /** The same of this process. */
  readonly clientCpuMs: number;
}

/** Offers `load` to a cluster. @throws when puts fail for good. */
export async function offerLoad(cluster: PutCluster, open: OpenPuts, load: Load): Promise<LoadFigures> {
  const connection = new LeaderConnection(open, cluster.addresses);
  const clients = new Clients(connection, load.random);
  const ended = clients.run(load.clients);
  try {
    return await Promise.race([measure(clients, cluster.pids, load), ended]);
  } finally {
    connection.close();
    await ended.catch(() => undefined); // It ends the clients.
  }
}

async function measure(clients: Clients, pids: readonly number[], load: Load): Promise<LoadFigures> {
  await delay(load.warmUpMs);
  clients.take();
  const [startMs, serversMs, ownMs] = [performance.now(), cpuMsOf(pids), ownCpuMs()];
  await delay(load.measuredMs);
  const tookMs = clients.take();
  const seconds = (performance.now() - startMs) / 1_000;
  assert(tookMs.length > 0, 'a cluster that runs answers');
  return {
    putsPerSecond: tookMs.length / seconds,
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
    serverCpuMs: ((cpuMsOf(pids) - serversMs) * 1_000) / tookMs.length,
    clientCpuMs: ((ownCpuMs() - ownMs) * 1_000) / tookMs.length,
  };
}

class Clients {
  readonly #connection: LeaderConnection;
  readonly #random: Random;
  readonly #keys = Array.from({ length: KEYS }, (_, i) => Buffer.from(`bench/${i}`));
  readonly #value: Buffer;
  #tookMs: number[] = [];

  constructor(connection: LeaderConnection, random: Random) {
    this.#connection = connection;
    this.#random = random;
    this.#value = Buffer.from(Array.from({ length: VALUE_BYTES }, () => randomBelow(random, 256)));
  }

  /** Puts until the connection is closed; rejects then, or when one of them fails for good. */
  run(count: number): Promise<never> {
    return Promise.race(Array.from({ length: count }, () => this.#client()));
  }

  /** Times of the puts that were answered since this was called last, ascending, milliseconds. */
  take(): Float64Array {
    const tookMs = Float64Array.from(this.#tookMs).sort();
    this.#tookMs = [];
    return tookMs;
  }

  async #client(): Promise<never> {
    for (;;) {
      const key = this.#keys[randomBelow(this.#random, KEYS)] as Buffer;
      const startMs = performance.now();
      await this.#connection.put(key, this.#value);
      this.#tookMs.push(performance.now() - startMs);
    }
  }
}

function quantile(sorted: Float64Array, part: number): number {
  return sorted[Math.floor(sorted.length * part)] as number;
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
