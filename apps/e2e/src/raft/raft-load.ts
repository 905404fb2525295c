/** Clients of a Raft cluster of processes: one operation after the other, and a record of the answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, randomBelow, toFault, type Random } from '@ringwatch/kernel';
import { History, type KeyValueInput, type KeyValueOutput } from '@ringwatch/testing';
import type { Member, RaftCluster } from './raft-cluster.ts';

const KEYS = 5;
const RETRY_MS = 10;
const PATIENCE_MS = 5_000;

export class RaftLoad {
  readonly history = new History<KeyValueInput, KeyValueOutput>();
  /** Writes that were acknowledged, in order. */
  readonly acknowledged: KeyValueInput[] = [];
  #stopped = false;
  readonly #clients: Promise<void>[];

  constructor(cluster: RaftCluster, clients: number, random: Random) {
    this.#clients = Array.from({ length: clients }, (_, id) => this.#run(id, cluster, random));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }

  async #run(id: number, cluster: RaftCluster, random: Random): Promise<void> {
    for (let operation = 1; !this.#stopped; operation++) {
      const member = believed(cluster, random);
      if (member === undefined) await sleep(RETRY_MS);
      else await this.#operate(id, operation, member, random);
    }
  }

  async #operate(id: number, operation: number, member: Member, random: Random): Promise<void> {
    const input = inputOf(id, operation, random);
    const pending = this.history.call(id, input);
    try {
      const output = await within(PATIENCE_MS, call(member, input));
      pending.answered(output);
      if (input.kind !== 'get') this.acknowledged.push(input);
    } catch (error) {
      const fault = toFault(error);
      // A read has no effect, a refused proposal neither; of the others nobody knows.
      if (input.kind === 'get' || fault.code !== 'deadline_exceeded') pending.refused();
      await sleep(RETRY_MS);
    }
  }
}

function call(member: Member, input: KeyValueInput): Promise<KeyValueOutput> {
  if (input.kind === 'get') return member.call({ kind: 'read', key: input.key });
  return member.call({ kind: 'write', command: input });
}

/** Mostly whoever leads, sometimes anybody: reads work everywhere. */
function believed({ members }: RaftCluster, random: Random): Member | undefined {
  const up = members.filter(({ isUp }) => isUp);
  const leader = up.find(({ isLeader }) => isLeader);
  return leader !== undefined && random.next() < 0.8
    ? leader
    : up[randomBelow(random, Math.max(1, up.length))];
}

function inputOf(client: number, operation: number, random: Random): KeyValueInput {
  const key = `k${randomBelow(random, KEYS)}`;
  const value = `${client}.${operation};`;
  const die = random.next();
  if (die < 0.4) return { kind: 'get', key };
  return { kind: die < 0.5 ? 'put' : 'append', key, value };
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Fault('deadline_exceeded', `no answer in ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
