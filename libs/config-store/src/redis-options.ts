/**
 * How configuration talks to Redis. The defaults of ioredis hide an outage for over a minute and queue
 * without a limit; these make it visible at once, so that the caller can go on with another source.
 */
import type { RedisOptions } from 'ioredis';

const RECONNECT_MAX_MS = 500;

/** Errors after which the connection must be made anew: the server changed its role or is not ready. */
const RECONNECT_ON = /^(?:READONLY|LOADING|MASTERDOWN)/;

/** Options of the connection that reads and writes. */
export const COMMAND_OPTIONS = {
  connectTimeout: 1_000,
  disconnectTimeout: 500,
  commandTimeout: 1_500,
  socketTimeout: 2_000,
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  autoResendUnfulfilledCommands: false,
  failoverDetector: true,
  retryStrategy: (attempt: number) => Math.min(50 * attempt, RECONNECT_MAX_MS),
  reconnectOnError: (error: Error) => (RECONNECT_ON.test(error.message) ? 2 : false),
} as const satisfies RedisOptions;

/**
 * Options of the connection that subscribes. It is silent by nature, so a socket timeout would cut it, and
 * its SUBSCRIBE is sent again by the client after each reconnect.
 */
export const SUBSCRIBER_OPTIONS = {
  ...COMMAND_OPTIONS,
  socketTimeout: undefined,
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  autoResubscribe: true,
} as const satisfies RedisOptions;
