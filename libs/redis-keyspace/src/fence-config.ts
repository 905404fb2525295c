/**
 * Applies one configuration change to the fast copy, fenced by its version.
 *
 * 1. A document changes only to a greater version; versions compare by epoch, then by index.
 * 2. A deletion removes the value and keeps version and tombstone, so that a late older write cannot revive
 *    it.
 * 3. Value, version, tombstone, change stream and message are one step: nobody sees a part of a change, and
 *    nothing is published that was not applied.
 * 4. The same version again writes nothing, unless the copy's content differs from it: then it is repaired.
 */
import { assert } from '@ringwatch/kernel';
import { CONFIG_STREAM_LENGTH_MAX } from './key-ref.ts';
import type { Keyspace } from './keyspace.ts';
import { encodeName } from './name.ts';
import type { Script, ScriptCall } from './script.ts';

/** One document as the fast copy gets it. */
export interface ConfigChange {
  readonly family: string;
  readonly key: string;
  readonly version: { readonly epoch: number; readonly index: number };
  /** SHA-256 of the canonical JSON, hex; of a deletion, empty. */
  readonly hash: string;
  /** Canonical JSON; absent means deleted. */
  readonly value?: string;
  /** When a deletion happened, Unix milliseconds. */
  readonly atMs: number;
}

/** What happened: applied, already there, or refused because the copy holds a later version. */
export type FenceOutcome = 'applied' | 'same' | 'stale';

/** What subscribers of the change channel get. A hint only: versions are the truth. */
export interface ConfigMessage {
  readonly family: string;
  readonly key: string;
  readonly version: { readonly epoch: number; readonly index: number };
  readonly hash: string;
}

// KEYS: family, versions, tombstones, stream.
// ARGV: field, epoch, index, 'put' or 'delete', value, hash, time, stream length, channel, message.
export const FENCE_CONFIG: Script = {
  name: 'ringwatchFenceConfig',
  lua: `
local field, epoch, index = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('HGET', KEYS[2], field)
if stored then
  local dash = string.find(stored, '-', 1, true)
  local storedEpoch = tonumber(string.sub(stored, 1, dash - 1))
  local storedIndex = tonumber(string.sub(stored, dash + 1))
  if epoch < storedEpoch or (epoch == storedEpoch and index < storedIndex) then return -1 end
  if epoch == storedEpoch and index == storedIndex then
    local value = redis.call('HGET', KEYS[1], field)
    local dead = redis.call('HEXISTS', KEYS[3], field) == 1
    if ARGV[4] == 'put' and value == ARGV[5] and not dead then return 0 end
    if ARGV[4] == 'delete' and not value and dead then return 0 end
  end
end
if ARGV[4] == 'put' then
  redis.call('HSET', KEYS[1], field, ARGV[5])
  redis.call('HDEL', KEYS[3], field)
else
  redis.call('HDEL', KEYS[1], field)
  redis.call('HSET', KEYS[3], field, ARGV[7])
end
redis.call('HSET', KEYS[2], field, ARGV[2] .. '-' .. ARGV[3])
redis.call('XADD', KEYS[4], 'MAXLEN', ARGV[8], '*', 'key', field, 'version', ARGV[2] .. '-' .. ARGV[3],
  'hash', ARGV[6], 'op', ARGV[4])
redis.call('PUBLISH', ARGV[9], ARGV[10])
return 1
`,
};

/** Keys and arguments of a {@link FENCE_CONFIG} call. */
export function fenceConfigCall(keyspace: Keyspace, change: ConfigChange): ScriptCall {
  const { family, key, version, hash, value } = change;
  assert(
    isCounter(version.epoch) && isCounter(version.index),
    `not a version: ${version.epoch}-${version.index}`,
  );
  const message: ConfigMessage = {
    family,
    key,
    version: { epoch: version.epoch, index: version.index },
    hash,
  };
  return {
    keys: [
      keyspace.config(family),
      keyspace.configVersions(family),
      keyspace.configTombstones(family),
      keyspace.configStream(family),
    ],
    args: [
      encodeName(key),
      String(version.epoch),
      String(version.index),
      value === undefined ? 'delete' : 'put',
      value ?? '',
      hash,
      String(change.atMs),
      String(CONFIG_STREAM_LENGTH_MAX),
      keyspace.configChannel(),
      JSON.stringify(message),
    ],
  };
}

/** Reads the reply of {@link FENCE_CONFIG}. */
export function readFenceConfig(reply: unknown): FenceOutcome {
  const code = Number(reply);
  assert(code === 1 || code === 0 || code === -1, `fenceConfig replied ${String(reply)}`);
  return code === 1 ? 'applied' : code === 0 ? 'same' : 'stale';
}

function isCounter(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
