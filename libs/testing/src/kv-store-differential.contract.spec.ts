/**
 * The embedded store against Consul, by the same requests to both: equal answers, and equal order of indices.
 * Consul's own numbers differ (its index counts all Raft entries), so indices are compared by what they say
 * about each other.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedKv } from '@ringwatch/consul-client';
import { randomBelow } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { describe, expect, test } from 'vitest';
import { serveKv } from './kv-store-http.ts';
import { testServer } from './servers.ts';

const server = testServer('consul');
const STEPS = 300;
const KEYS = ['a', 'b', 'd/a', 'd/b', 'd/e/a', 'd e', 'ü'];
const VALUES = ['', 'one', 'two'];
const PREFIXES = ['', 'd', 'd/', 'd/e/', 'none/'];

interface Item {
  readonly Key: string;
  readonly ModifyIndex: number;
  readonly CreateIndex: number;
}

interface Request {
  readonly method: string;
  readonly key: string;
  readonly query?: string;
  readonly body?: string;
  /** Name of a stored index to pass as `cas`. */
  readonly casOf?: string;
}

/** One side of the comparison: remembers the index of each key, because the two sides number differently. */
class Side {
  readonly #indices = new Map<string, number>();
  constructor(
    readonly url: string,
    readonly prefix: string,
  ) {}

  async send({ method, key, query = '', body, casOf }: Request): Promise<unknown> {
    const cas = casOf === undefined ? '' : `&cas=${this.#indices.get(casOf) ?? 0}`;
    const path = encodeURIComponent(`${this.prefix}${key}`);
    const answer = await fetch(`${this.url}/v1/kv/${path}?${query}${cas}`, {
      method,
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    return { status: answer.status, body: answer.status === 200 ? this.#comparable(JSON.parse(text)) : '' };
  }

  /** The body with keys without prefix, and indices by their rank within the answer. */
  #comparable(body: unknown): unknown {
    if (!Array.isArray(body)) return body;
    if (typeof body[0] === 'string') return body.map((key: string) => key.slice(this.prefix.length));
    const items = body as Item[];
    for (const item of items) this.#indices.set(item.Key.slice(this.prefix.length), item.ModifyIndex);
    const indices = items.flatMap(({ ModifyIndex, CreateIndex }) => [ModifyIndex, CreateIndex]);
    const ranks = [...new Set(indices)].sort((one, other) => one - other);
    return items.map((item) => ({
      ...item,
      Key: item.Key.slice(this.prefix.length),
      ModifyIndex: ranks.indexOf(item.ModifyIndex),
      CreateIndex: ranks.indexOf(item.CreateIndex),
    }));
  }
}

function randomRequest(random: SeededRandom): Request {
  const pick = <T>(from: readonly T[]): T => from[randomBelow(random, from.length)] as T;
  const key = pick(KEYS);
  const cas = random.next() < 0.4 ? { casOf: pick([key, key, 'never', pick(KEYS)]) } : {};
  const flags = random.next() < 0.2 ? { query: `flags=${randomBelow(random, 3)}` } : {};
  const kind = random.next();
  if (kind < 0.45) return { method: 'PUT', key, body: pick(VALUES), ...flags, ...cas };
  if (kind < 0.6) return { method: 'DELETE', key, ...cas };
  if (kind < 0.65) return { method: 'DELETE', key: pick(PREFIXES.slice(1)), query: 'recurse' };
  if (kind < 0.75) return { method: 'GET', key };
  if (kind < 0.85) return { method: 'GET', key: pick(PREFIXES), query: pick(['keys', 'keys&separator=/']) };
  return { method: 'GET', key: pick(PREFIXES), query: 'recurse' };
}

describe.skipIf(!server.available)(
  `embedded store and Consul ${server.available ? '' : server.reason}`,
  () => {
    test.each([1, 2, 3, 4])('answer alike to the requests of seed %i', async (seed) => {
      const folder = await mkdtemp(join(tmpdir(), 'ringwatch-kv-'));
      const kv = await EmbeddedKv.open({ path: join(folder, 'kv') });
      const embedded = await serveKv(kv);
      const prefix = `differential-${process.pid}-${seed}/`;
      const sides = [
        new Side(server.available ? server.url : '', prefix),
        new Side(embedded.url, prefix),
      ] as const;
      const random = new SeededRandom(seed);
      try {
        for (let step = 0; step < STEPS; step++) {
          const request = randomRequest(random);
          // A listing after each step, so that every effect is compared, and each side knows its indices.
          for (const next of [request, { method: 'GET', key: '', query: 'recurse' }]) {
            const [consul, own] = [await sides[0].send(next), await sides[1].send(next)];
            expect({ step, next, answer: own }).toEqual({ step, next, answer: consul });
          }
        }
      } finally {
        await sides[0].send({ method: 'DELETE', key: '', query: 'recurse' });
        await embedded.close();
        await kv.close();
        await rm(folder, { recursive: true });
      }
    });
  },
);
