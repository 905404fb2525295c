/**
 * Records how far a partition was flushed. For operators only: brokers keep the watermark that counts in
 * their log.
 *
 * 1. Within a cluster the index never goes back; an index of another cluster is not comparable and replaces
 *    it.
 */
import { assert } from '@ringwatch/kernel';
import type { Keyspace } from './keyspace.ts';
import type { Script, ScriptCall } from './script.ts';

/** The flush state of one partition. */
export interface Watermark {
  /** Last log index whose reports are in Redis. */
  readonly index: number;
  readonly term: number;
  /** Cluster id. */
  readonly cluster: string;
  /** Run id of the Redis server that took the flush. */
  readonly run: string;
}

// KEYS: watermark. ARGV: index, term, cluster, run.
export const ADVANCE_WATERMARK: Script = {
  name: 'ringwatchAdvanceWatermark',
  lua: `
local stored = redis.call('HMGET', KEYS[1], 'cluster', 'index')
if stored[1] == ARGV[3] and stored[2] and tonumber(ARGV[1]) < tonumber(stored[2]) then return 0 end
redis.call('HSET', KEYS[1], 'index', ARGV[1], 'term', ARGV[2], 'cluster', ARGV[3], 'run', ARGV[4])
return 1
`,
};

/**
 * Keys and arguments of an {@link ADVANCE_WATERMARK} call. It replies 1 when it wrote, 0 when a later one
 * stands.
 */
export function advanceWatermarkCall(
  keyspace: Keyspace,
  partition: number,
  watermark: Watermark,
): ScriptCall {
  const { index, term, cluster, run } = watermark;
  assert(Number.isSafeInteger(index) && index >= 0, `not a log index: ${index}`);
  assert(Number.isSafeInteger(term) && term >= 0, `not a term: ${term}`);
  return { keys: [keyspace.watermark(partition)], args: [String(index), String(term), cluster, run] };
}
