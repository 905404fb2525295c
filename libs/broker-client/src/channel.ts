/**
 * How a channel to a broker is set up, the same for ingest, queries and subscriptions.
 *
 * Keepalive finds a peer that stopped answering within 13 s (without it a stopped broker was unanswered after
 * 12 s and more); channelz and grpc's own retries leak on long streams, and one layer retries: ours.
 */
import type { ClientOptions } from '@grpc/grpc-js';
import { HashRing } from '@ringwatch/hash-ring';
import { backoffMs, type Random } from '@ringwatch/kernel';

/** Largest message either way. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

export const CHANNEL_OPTIONS: ClientOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  'grpc.enable_channelz': 0,
  'grpc.enable_retries': 0,
  // Our own backoff decides when to connect again; the channel must not hold us back longer.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // Otherwise clients of one process share a subchannel, and closing one does not close its connection.
  'grpc.use_local_subchannel_pool': 1,
};

/** A broker's hint to wait is obeyed up to this. */
export const RETRY_AFTER_MAX_MS = 60_000;

const BACKOFF_BASE_MS = 100;
const BACKOFF_MAX_MS = 5_000;

/**
 * How long to wait before attempt number `attempt`, from 0: full jitter, but not before the broker's hint.
 */
export function retryDelayMs(random: Random, attempt: number, hintMs = 0): number {
  return Math.max(
    backoffMs(random, attempt, BACKOFF_BASE_MS, BACKOFF_MAX_MS),
    Math.min(hintMs, RETRY_AFTER_MAX_MS),
  );
}

/**
 * `host:port` addresses in the order in which the sender `key` should try them: spread over senders, stable
 * for one.
 */
export function orderBrokers(brokers: readonly string[], key: string): readonly string[] {
  const ring = HashRing.of([...new Set(brokers)].map((id) => ({ id })));
  return ring.replicasOf(key, brokers.length).map((member) => member.id);
}
