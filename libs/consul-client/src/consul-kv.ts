/**
 * Consul's KV store over npm `consul`, which needs care in these points (each is a test):
 *
 * 1. Every request has a timeout: without one, a server that dies inside an answer leaves the promise pending
 *    for ever.
 * 2. A refused CAS resolves to undefined or false, so success is `=== true` and nothing else.
 * 3. A missing key or prefix is an answer. An answer without X-Consul-Index is not from Consul, and one
 *    without a known leader may be empty although there are entries: both are `unavailable`.
 * 4. The package knows no AbortSignal; its own way to cancel is an event on the request's context.
 * 5. Sockets are bounded, and blocking queries have an agent of their own, so that they cannot starve
 *    requests.
 */
import { EventEmitter } from 'node:events';
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { Fault } from '@ringwatch/kernel';
import Consul from 'consul';
import { consulFault } from './consul-fault.ts';
import type { KvEntry, KvListing, KvListOptions, KvPutOptions, KvStore } from './kv-store.ts';

const TIMEOUT_MS = 2_000;
const REQUEST_SOCKETS_MAX = 16;
const BLOCKING_SOCKETS_MAX = 64;
/** Consul adds up to a sixteenth to a wait, so that waiters do not all return at once. */
const WAIT_JITTER = 1 / 16;

export interface ConsulKvOptions {
  /** For example `http://127.0.0.1:8500`. */
  readonly url: string;
  /** ACL token. Default none. */
  readonly token?: string;
  /** Longest time of a request, beyond the wait of a blocking one, milliseconds. Default 2,000. */
  readonly timeoutMs?: number;
}

/** The KV store of a Consul agent. `close` ends its keep-alive connections. */
export class ConsulKv implements KvStore {
  readonly #timeoutMs: number;
  readonly #requests: ConsulClient;
  readonly #blocking: ConsulClient;

  /** @throws {Fault} `invalid_argument` when the URL is none. */
  constructor(options: ConsulKvOptions) {
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#requests = clientOf(options, REQUEST_SOCKETS_MAX);
    this.#blocking = clientOf(options, BLOCKING_SOCKETS_MAX);
  }

  async get(key: string, signal?: AbortSignal): Promise<KvEntry | undefined> {
    const [response, item] = await this.#send(signal, (ctx) =>
      this.#requests.kv.get({ key, buffer: true, ctx, timeout: this.#timeoutMs }),
    );
    indexOf(response);
    return item === undefined ? undefined : entryOf(item as ConsulItem);
  }

  async list(prefix: string, { index, waitMs = 0, signal }: KvListOptions = {}): Promise<KvListing> {
    const blocking = index !== undefined && waitMs > 0;
    const wait = blocking ? { index, wait: `${Math.ceil(waitMs)}ms` } : {};
    const timeout = blocking ? waitMs * (1 + WAIT_JITTER) + this.#timeoutMs : this.#timeoutMs;
    const { kv } = blocking ? this.#blocking : this.#requests;
    const [response, items] = await this.#send(signal, (ctx) =>
      kv.get({ key: prefix, recurse: true, buffer: true, ctx, timeout, ...wait }),
    );
    return { entries: ((items ?? []) as ConsulItem[]).map(entryOf), index: indexOf(response) };
  }

  async put(
    key: string,
    value: string | Buffer,
    { cas, flags, signal }: KvPutOptions = {},
  ): Promise<boolean> {
    const conditions = { ...(cas === undefined ? {} : { cas }), ...(flags === undefined ? {} : { flags }) };
    const [, written] = await this.#send(signal, (ctx) =>
      this.#requests.kv.set({ key, value: Buffer.from(value), ctx, timeout: this.#timeoutMs, ...conditions }),
    );
    return written === true;
  }

  async delete(key: string, { cas, signal }: { cas?: number; signal?: AbortSignal } = {}): Promise<boolean> {
    const condition = cas === undefined ? {} : { cas };
    const [, deleted] = await this.#send(signal, (ctx) =>
      this.#requests.kv.del({ key, ctx, timeout: this.#timeoutMs, ...condition }),
    );
    return deleted === true;
  }

  /** Ends all connections; requests that run fail as `unavailable`. */
  close(): void {
    this.#requests.destroy();
    this.#blocking.destroy();
  }

  async #send(
    signal: AbortSignal | undefined,
    request: (ctx: RequestContext) => Promise<Answer>,
  ): Promise<Answer> {
    if (signal?.aborted) throw new Fault('cancelled', 'the request was cancelled');
    const ctx = new RequestContext();
    const cancel = (): void => void ctx.emit('cancel');
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await request(ctx);
    } catch (error) {
      throw consulFault(error);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }
}

/**
 * What npm `consul` takes as the context of a request: emits 'cancel', and asks for the response beside the
 * body.
 */
class RequestContext extends EventEmitter {
  readonly includeResponse = true;
}

type Answer = readonly [response: ConsulResponse, body: unknown];

interface ConsulResponse {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

interface ConsulItem {
  readonly Key: string;
  readonly Value: Buffer | null;
  readonly Flags: number;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
  readonly LockIndex: number;
}

/** The part of npm `consul` 2.0.1 that is used here, as it behaves; its own types miss these options. */
interface ConsulClient {
  readonly kv: Readonly<Record<'get' | 'set' | 'del', (options: object) => Promise<Answer>>>;
  destroy(): void;
}

function clientOf({ url, token }: ConsulKvOptions, maxSockets: number): ConsulClient {
  if (!URL.canParse(url))
    throw new Fault('invalid_argument', `not a Consul URL: ${url}`, { reason: 'consul_url_invalid' });
  const SocketAgent = url.startsWith('https:') ? TlsAgent : Agent;
  const options = {
    baseUrl: `${url.replace(/\/+$/, '')}/v1`,
    agent: new SocketAgent({ keepAlive: true, maxSockets }),
    ...(token === undefined ? {} : { defaults: { token } }),
  };
  return new Consul(options) as unknown as ConsulClient;
}

function indexOf({ headers }: ConsulResponse): number {
  const index = Number(headers['x-consul-index']);
  if (!Number.isSafeInteger(index) || index < 0) {
    throw new Fault('unavailable', 'the answer carries no Consul index', {
      reason: 'consul_unexpected_answer',
    });
  }
  if (headers['x-consul-knownleader'] === 'false') {
    throw new Fault('unavailable', 'the answer comes from a server without a leader', {
      reason: 'consul_no_leader',
    });
  }
  return index;
}

function entryOf(item: ConsulItem): KvEntry {
  return {
    key: item.Key,
    value: item.Value ?? Buffer.alloc(0), // Consul writes an empty value as null.
    flags: item.Flags,
    createIndex: item.CreateIndex,
    modifyIndex: item.ModifyIndex,
    lockIndex: item.LockIndex,
  };
}
