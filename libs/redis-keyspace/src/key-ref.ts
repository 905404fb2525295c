/**
 * What a key means, apart from how it is written. Times are Unix seconds; names are as their owners write
 * them.
 */
export type KeyRef =
  /** Hash `data`, `codec`: one report. */
  | { readonly kind: 'report'; readonly hostId: string; readonly timestamp: number }
  /** Sorted set, score = timestamp, member = key of the report. */
  | { readonly kind: 'report-index'; readonly hostId: string }
  /** Hash {@link HOST_FIELDS}: host metadata. */
  | { readonly kind: 'host'; readonly hostId: string }
  /** Sorted set, score = last_seen, member = host id as it is (not encoded): all hosts. */
  | { readonly kind: 'hosts' }
  /** Hash of segments, then one `sealed` field: packed history of one window. */
  | { readonly kind: 'chunk'; readonly hostId: string; readonly windowStart: number }
  /** String: the series keys that a chunk's columns mean. */
  | { readonly kind: 'schema'; readonly hash: string }
  /** Hash, field = start of day (`1m`) or month (`1h`), value = packed chunk. */
  | { readonly kind: 'rollup'; readonly resolution: RollupResolution; readonly hostId: string }
  /** Hash `index`, `term`, `cluster`, `run`: how far a partition was flushed. */
  | { readonly kind: 'watermark'; readonly partition: number }
  /** Hash, field = encoded document key, value = canonical JSON. */
  | { readonly kind: 'config'; readonly family: string }
  /** Hash, field = encoded document key, value = `epoch-index`; deleted documents keep theirs. */
  | { readonly kind: 'config-versions'; readonly family: string }
  /** Hash, field = encoded document key, value = time of deletion in Unix milliseconds. */
  | { readonly kind: 'config-tombstones'; readonly family: string }
  /** Stream of applied changes, newest {@link CONFIG_STREAM_LENGTH_MAX}. */
  | { readonly kind: 'config-stream'; readonly family: string };

export type KeyKind = KeyRef['kind'];

/** Step of a rollup. */
export type RollupResolution = '1m' | '1h';

/** Fields of a report's hash. */
export const REPORT_FIELDS = { data: 'data', codec: 'codec' } as const;

/**
 * Fields of a host's hash. `latest*` describe the newest report, whose labels and schema the hash carries
 * too.
 */
export const HOST_FIELDS = {
  lastSeen: 'last_seen',
  firstSeen: 'first_seen',
  labels: 'labels',
  schema: 'schema',
  latest: 'latest',
  latestCodec: 'latest_codec',
} as const;

/** Entries that a configuration family's change stream keeps. */
export const CONFIG_STREAM_LENGTH_MAX = 1_000;
