/**
 * Writes reports of ONE host in one step: the data hashes, the time index and the host's metadata.
 *
 * 1. The first content of a (host, timestamp) stays: equal content again is a duplicate, other content a
 *    conflict.
 * 2. `last_seen` never goes back, `first_seen` never forward; `latest`, its labels and its schema change only
 *    with a report that is not older than the stored latest. A refused report changes nothing of these.
 * 3. The index holds no member below `trimBelow`, and lives as long as the data it names.
 * 4. A duplicate is put into the index again, because a re-drive may meet data whose index was lost.
 */
import { assert } from '@ringwatch/kernel';
import type { Keyspace } from './keyspace.ts';
import { trimBelow, ttlMsOf, type Retention } from './retention.ts';
import type { Script, ScriptCall } from './script.ts';
import { formatSeconds } from './seconds.ts';

/** One report as Redis stores it. */
export interface StoredReport {
  /** Unix seconds, fraction allowed. */
  readonly timestamp: number;
  readonly data: string | Buffer;
  /** Name of the codec that wrote `data`. */
  readonly codec: string;
}

/** What one call writes. */
export interface HostReports {
  readonly hostId: string;
  readonly reports: readonly StoredReport[];
  /** Labels of the newest of `reports` as JSON text; absent leaves what is stored. */
  readonly labels?: string;
  /** Schema hash of the newest of `reports`; absent leaves what is stored. */
  readonly schema?: string;
  /**
   * Time of the newest report flushed so far, Unix seconds; the index is trimmed below it less the raw
   * retention.
   */
  readonly newestFlushed: number;
}

/** What became of one report: written, the same again, or refused because other content was there first. */
export type WriteOutcome = 'written' | 'duplicate' | 'conflict';

/** Reports in one call: a script blocks Redis while it runs. */
export const REPORTS_PER_CALL_MAX = 500;

// KEYS: index, host, report … ARGV: data ttl, index ttl, trim below, labels, schema, then (timestamp, codec,
// data) …
export const WRITE_REPORTS: Script = {
  name: 'ringwatchWriteReports',
  lua: `
local outcomes, newest, oldest = {}, nil, nil
for i = 3, #KEYS do
  local at = 6 + (i - 3) * 3
  local timestamp, codec, data = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local stored = redis.call('HMGET', KEYS[i], 'data', 'codec')
  local outcome = -1
  if not stored[1] then
    redis.call('HSET', KEYS[i], 'data', data, 'codec', codec)
    redis.call('PEXPIRE', KEYS[i], ARGV[1])
    outcome = 1
  elseif stored[1] == data and stored[2] == codec then
    outcome = 0
  end
  if outcome >= 0 then
    redis.call('ZADD', KEYS[1], timestamp, KEYS[i])
    if not newest or tonumber(timestamp) >= tonumber(ARGV[newest]) then newest = at end
    if not oldest or tonumber(timestamp) < tonumber(ARGV[oldest]) then oldest = at end
  end
  outcomes[i - 2] = outcome
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
if newest then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  local seen = redis.call('HMGET', KEYS[2], 'first_seen', 'last_seen')
  if not seen[1] or tonumber(ARGV[oldest]) < tonumber(seen[1]) then
    redis.call('HSET', KEYS[2], 'first_seen', ARGV[oldest])
  end
  if not seen[2] or tonumber(ARGV[newest]) >= tonumber(seen[2]) then
    redis.call('HSET', KEYS[2], 'last_seen', ARGV[newest],
      'latest_codec', ARGV[newest + 1], 'latest', ARGV[newest + 2])
    if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], 'labels', ARGV[4]) end
    if ARGV[5] ~= '' then redis.call('HSET', KEYS[2], 'schema', ARGV[5]) end
  end
end
return outcomes
`,
};

/**
 * Keys and arguments of a {@link WRITE_REPORTS} call; under a tagged profile all keys share the host's slot.
 */
export function writeReportsCall(keyspace: Keyspace, retention: Retention, write: HostReports): ScriptCall {
  const { hostId, reports } = write;
  assert(
    reports.length > 0 && reports.length <= REPORTS_PER_CALL_MAX,
    `reports in one call: ${reports.length}`,
  );
  const keys = [keyspace.reportIndex(hostId), keyspace.host(hostId)];
  const args: (string | Buffer)[] = [
    String(ttlMsOf('report', retention)),
    String(ttlMsOf('report-index', retention)),
    formatSeconds(trimBelow(write.newestFlushed, retention)),
    write.labels ?? '',
    write.schema ?? '',
  ];
  for (const { timestamp, codec, data } of reports) {
    keys.push(keyspace.report(hostId, timestamp));
    args.push(formatSeconds(timestamp), codec, data);
  }
  return { keys, args };
}

/** The outcome of each report, in the order of the call. */
export function readWriteReports(reply: unknown): readonly WriteOutcome[] {
  assert(Array.isArray(reply), 'writeReports replies with an array');
  return reply.map((code) =>
    Number(code) === 1 ? 'written' : Number(code) === 0 ? 'duplicate' : 'conflict',
  );
}
