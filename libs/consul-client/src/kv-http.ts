/**
 * Consul's KV HTTP API over the embedded store, so that one client speaks to both (`/v1/kv/*`, Consul 1.8).
 * The mount hands a request in and sends the answer out; this file knows no HTTP server.
 *
 * 1. Supported: GET (recurse, keys, separator, raw, index, wait), PUT (cas, flags), DELETE (cas, recurse).
 * 2. What is not supported (sessions, other data centers) is refused with 501, never ignored.
 */
import { Fault, TIMER_MAX_MS, toFault } from '@ringwatch/kernel';
import type { EmbeddedKv } from './embedded-kv.ts';
import { VALUE_BYTES_MAX, type KvEntry } from './kv-store.ts';

const WAIT_DEFAULT_MS = 5 * 60_000;
const WAIT_MAX_MS = 10 * 60_000;
const UNSUPPORTED = ['acquire', 'release', 'dc', 'ns', 'partition'];
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Path under which the API is mounted. */
export const KV_PATH = '/v1/kv/';

export interface KvRequest {
  readonly method: string;
  /** Path as it came, still percent-encoded, without the query: `/v1/kv/a%2Fb`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body?: Buffer;
  /** Aborts when the client goes away, so that a blocking query does not outlive it. */
  readonly signal?: AbortSignal;
}

export interface KvResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Answers one request as Consul would; never rejects. */
export async function handleKvRequest(kv: EmbeddedKv, request: KvRequest): Promise<KvResponse> {
  try {
    const refused = UNSUPPORTED.find((name) => request.query.has(name));
    if (refused !== undefined) throw new Fault('unimplemented', `the embedded store knows no ${refused}`);
    const key = decodeURIComponent(request.path.slice(KV_PATH.length));
    switch (request.method) {
      case 'GET':
        return await read(kv, key, request);
      case 'PUT':
        return json(200, await write(kv, key, request));
      case 'DELETE':
        return json(200, await remove(kv, key, request.query));
      default:
        return text(405, `method ${request.method} not allowed`);
    }
  } catch (error) {
    if (error instanceof URIError) return text(400, 'the path is not well-formed');
    const fault = toFault(error);
    return text(statusOf(fault), fault.detail);
  }
}

async function read(kv: EmbeddedKv, key: string, { query, signal }: KvRequest): Promise<KvResponse> {
  const index = query.get('index');
  const wait = {
    ...(index === null ? {} : { index: naturalOf('index', index), waitMs: waitOf(query.get('wait')) }),
    ...(signal === undefined ? {} : { signal }),
  };
  if (!query.has('recurse') && !query.has('keys')) {
    const found = await kv.waitFor((table) => table.get(key), wait);
    if (found.entry === undefined) return indexed(text(404, ''), found.index);
    if (query.has('raw')) return indexed(text(200, found.entry.value), found.index);
    return indexed(json(200, [itemOf(found.entry)]), found.index);
  }
  const listing = await kv.list(key, wait);
  if (listing.entries.length === 0) return indexed(text(404, ''), listing.index);
  const body = query.has('keys')
    ? keysOf(listing.entries, key, query.get('separator'))
    : listing.entries.map(itemOf);
  return indexed(json(200, body), listing.index);
}

function write(kv: EmbeddedKv, key: string, { query, body = Buffer.alloc(0) }: KvRequest): Promise<boolean> {
  if (body.length > VALUE_BYTES_MAX) {
    const detail = `Request body(${body.length} bytes) too large, max size: ${VALUE_BYTES_MAX} bytes.`;
    throw new Fault('invalid_argument', detail, { reason: 'value_too_large' });
  }
  if (key === '') throw new Fault('invalid_argument', 'Missing key name');
  const flags = query.get('flags');
  return kv.put(key, body, {
    ...casOf(query),
    ...(flags === null ? {} : { flags: naturalOf('flags', flags) }),
  });
}

async function remove(kv: EmbeddedKv, key: string, query: URLSearchParams): Promise<boolean> {
  if (query.has('recurse')) {
    await kv.deleteTree(key);
    return true;
  }
  if (key === '') throw new Fault('invalid_argument', 'Missing key name');
  return kv.delete(key, casOf(query));
}

function itemOf({ key, value, flags, createIndex, modifyIndex, lockIndex }: KvEntry): object {
  return {
    LockIndex: lockIndex,
    Key: key,
    Flags: flags,
    Value: value.length === 0 ? null : value.toString('base64'),
    CreateIndex: createIndex,
    ModifyIndex: modifyIndex,
  };
}

/** Keys, each cut behind the first separator after the prefix, without repetition. */
function keysOf(entries: readonly KvEntry[], prefix: string, separator: string | null): readonly string[] {
  const keys = entries.map(({ key }) => {
    const end = separator === null || separator === '' ? -1 : key.indexOf(separator, prefix.length);
    return end < 0 ? key : key.slice(0, end + (separator ?? '').length);
  });
  return [...new Set(keys)];
}

function casOf(query: URLSearchParams): { readonly cas?: number } {
  const cas = query.get('cas');
  return cas === null ? {} : { cas: naturalOf('cas', cas) };
}

function naturalOf(name: string, value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) {
    throw new Fault('invalid_argument', `Invalid ${name}: ${value.slice(0, 40)}`);
  }
  return number;
}

/**
 * A Go duration of one unit (`30s`, `1500ms`), at most Consul's 10 minutes; absent or zero: its 5 minutes.
 */
function waitOf(value: string | null): number {
  if (value === null) return WAIT_DEFAULT_MS;
  const match = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)$/.exec(value);
  if (match === null) throw new Fault('invalid_argument', `Invalid wait time: ${value.slice(0, 40)}`);
  const waitMs = Number(match[1]) * (UNITS_MS[match[2] ?? ''] ?? TIMER_MAX_MS);
  return waitMs === 0 ? WAIT_DEFAULT_MS : Math.min(waitMs, WAIT_MAX_MS);
}

function statusOf(fault: Fault): number {
  if (fault.reason === 'value_too_large') return 413;
  if (fault.code === 'invalid_argument') return 400;
  if (fault.code === 'unimplemented') return 501;
  if (fault.code === 'resource_exhausted') return 429;
  return 500; // Consul answers 500 for everything that may pass.
}

function indexed(response: KvResponse, index: number): KvResponse {
  const consul = {
    'x-consul-index': String(index),
    'x-consul-knownleader': 'true',
    'x-consul-lastcontact': '0',
  };
  return { ...response, headers: { ...response.headers, ...consul } };
}

function json(status: number, body: unknown): KvResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function text(status: number, body: string | Buffer): KvResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}
