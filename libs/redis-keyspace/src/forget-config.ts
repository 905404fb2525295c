/**
 * Forgets the deletion of a configuration document, once the authority has forgotten it too.
 *
 * 1. Only what is still deleted in exactly that version is forgotten: a document that was written meanwhile
 *    stays.
 */
import type { Keyspace } from './keyspace.ts';
import { encodeName } from './name.ts';
import type { Script, ScriptCall } from './script.ts';

// KEYS: versions, tombstones. ARGV: field, version.
export const FORGET_CONFIG: Script = {
  name: 'ringwatchForgetConfig',
  lua: `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`,
};

/**
 * Keys and arguments of a {@link FORGET_CONFIG} call. It replies 1 when it forgot, 0 when there was nothing
 * to forget.
 */
export function forgetConfigCall(
  keyspace: Keyspace,
  family: string,
  key: string,
  version: { readonly epoch: number; readonly index: number },
): ScriptCall {
  return {
    keys: [keyspace.configVersions(family), keyspace.configTombstones(family)],
    args: [encodeName(key), `${version.epoch}-${version.index}`],
  };
}
