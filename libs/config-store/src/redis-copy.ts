/**
 * The fast copy in Redis, standalone or behind Sentinel: one hash per family with canonical JSON, readable by
 * anything.
 *
 * 1. Every change goes through the fenced script; a family is read in one MULTI, so values and versions
 *    belong together.
 * 2. Redis Cluster is refused: the script spans the keys of a family and publishes.
 * 3. An error of Redis is a coded fault; what may pass by itself is `unavailable`.
 */
import { Fault, silentLogger, type Logger } from '@ringwatch/kernel';
import {
  decodeName,
  FENCE_CONFIG,
  fenceConfigCall,
  FORGET_CONFIG,
  forgetConfigCall,
  Keyspace,
  readFenceConfig,
  type ConfigMessage,
  type FenceOutcome,
} from '@ringwatch/redis-keyspace';
import { Redis } from 'ioredis';
import { hashOf } from './canonical-json.ts';
import type { ConfigDocument } from './document.ts';
import type { CopyListener, FastCopy } from './fast-copy.ts';
import type { Family } from './families.ts';
import { COMMAND_OPTIONS, SUBSCRIBER_OPTIONS } from './redis-options.ts';
import { parseVersion } from './version.ts';

/** How ioredis refuses a command while it is not connected; the rest of its sentence speaks of options. */
const NOT_CONNECTED = "Stream isn't writeable";
const PASSING = /^(?:READONLY|LOADING|MASTERDOWN|NOREPLICAS|TRYAGAIN|BUSY|OOM)/;

export interface RedisCopyOptions {
  /** For example `redis://127.0.0.1:6379`. */
  readonly url: string;
  /** Deployment prefix of all keys. Default none. */
  readonly prefix?: string;
  readonly logger?: Logger;
}

/** All documents in a Redis. `close` ends its connections. */
export class RedisCopy implements FastCopy {
  readonly #keys: Keyspace;
  readonly #url: string;
  readonly #logger: Logger;
  readonly #commands: Redis;
  readonly #subscribers = new Set<Redis>();
  #isCluster: boolean | undefined;

  constructor({ url, prefix, logger = silentLogger }: RedisCopyOptions) {
    this.#keys = new Keyspace(prefix === undefined ? {} : { prefix });
    this.#url = url;
    this.#logger = logger;
    this.#commands = new Redis(url, COMMAND_OPTIONS);
    this.#commands.on('error', (error) => logger.debug({ error: error.message }, 'configuration Redis'));
    this.#commands.on('close', () => (this.#isCluster = undefined)); // Another server may answer next time.
  }

  async apply(document: ConfigDocument): Promise<FenceOutcome> {
    const { family, key, version, text, hash, atMs } = document;
    const change = { family, key, version, hash, atMs, ...(text === undefined ? {} : { value: text }) };
    const { keys, args } = fenceConfigCall(this.#keys, change);
    return this.#ask(async (redis) =>
      readFenceConfig(await redis.eval(FENCE_CONFIG.lua, keys.length, ...keys, ...args)),
    );
  }

  async read(family: Family): Promise<readonly ConfigDocument[]> {
    const replies = await this.#ask((redis) =>
      redis
        .multi()
        .hgetall(this.#keys.config(family))
        .hgetall(this.#keys.configVersions(family))
        .hgetall(this.#keys.configTombstones(family))
        .exec(),
    );
    const [values, versions, tombstones] = (replies ?? []).map(([error, reply]) => {
      if (error !== null) throw redisFault(error);
      return reply as Readonly<Record<string, string>>;
    });
    return Object.entries(versions ?? {}).flatMap(([field, text]) => {
      const [key, version] = [decodeName(field), parseVersion(text)];
      if (key === undefined || version === undefined) return []; // Written by hand.
      const value = values?.[field];
      const hash = value === undefined ? '' : hashOf(value);
      return [{ family, key, version, text: value, hash, atMs: Number(tombstones?.[field] ?? 0) }];
    });
  }

  async forget({ family, key, version }: ConfigDocument): Promise<void> {
    const { keys, args } = forgetConfigCall(this.#keys, family, key, version);
    await this.#ask((redis) => redis.eval(FORGET_CONFIG.lua, keys.length, ...keys, ...args));
  }

  subscribe({ onMessage, onSubscribed }: CopyListener): () => void {
    const redis = new Redis(this.#url, SUBSCRIBER_OPTIONS);
    this.#subscribers.add(redis);
    redis.on('error', (error) => this.#logger.debug({ error: error.message }, 'configuration Redis'));
    redis.on('message', (_channel, text: string) => {
      const message = parseMessage(text);
      if (message !== undefined) onMessage(message);
    });
    // 'ready' comes after each reconnect; the second SUBSCRIBE is harmless and tells when the subscription
    // stands.
    redis.on(
      'ready',
      () => void redis.subscribe(this.#keys.configChannel()).then(onSubscribed, () => undefined),
    );
    return () => {
      this.#subscribers.delete(redis);
      redis.disconnect();
    };
  }

  close(): void {
    this.#commands.disconnect();
    for (const redis of this.#subscribers) redis.disconnect();
  }

  async #ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      this.#isCluster ??= (await this.#commands.info('cluster')).includes('cluster_enabled:1');
      if (!this.#isCluster) return await command(this.#commands);
    } catch (error) {
      throw redisFault(error);
    }
    const detail = 'configuration Redis is a cluster; use a standalone server or Sentinel';
    throw new Fault('failed_precondition', detail, { reason: 'config_redis_is_cluster' });
  }
}

function redisFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { name, message } = error as Error;
  if (name === 'ReplyError' && !PASSING.test(message)) {
    return new Fault('internal', `Redis refused: ${message}`, { cause: error, reason: 'redis_refused' });
  }
  const why = message.startsWith(NOT_CONNECTED) ? 'not connected' : message;
  return new Fault('unavailable', `Redis is away: ${why}`, { cause: error, reason: 'redis_unavailable' });
}

function parseMessage(text: string): ConfigMessage | undefined {
  try {
    const message = JSON.parse(text) as ConfigMessage;
    return typeof message.family === 'string' && typeof message.key === 'string' ? message : undefined;
  } catch {
    return undefined; // Somebody else's message on our channel: only a hint is lost.
  }
}
