/**
 * A key-value store with Consul's semantics: the port that configuration needs. Twins: {@link ConsulKv} (a
 * real Consul, or anything that speaks its KV API) and {@link EmbeddedKv} (a file). One contract suite runs
 * over both.
 *
 * 1. Every change of an entry gives it a greater `modifyIndex` than any entry had before; a failed one
 *    changes nothing.
 * 2. A `cas` write happens only if the entry still has that `modifyIndex`; 0 means only if there is none.
 * 3. `list` with an index answers when something under the prefix changed after it, or when the wait is over.
 *    Its own index may go back when the server lost its state, so use {@link watchPrefix}, which handles
 *    that.
 * 4. Failures are faults: `unavailable` may be tried again. The outcome of a write that ended so is unknown.
 */

/** One entry, as Consul keeps it. */
export interface KvEntry {
  readonly key: string;
  readonly value: Buffer;
  readonly flags: number;
  readonly createIndex: number;
  readonly modifyIndex: number;
  readonly lockIndex: number;
}

/** All entries under a prefix, in the byte order of their keys, at one moment. */
export interface KvListing {
  readonly entries: readonly KvEntry[];
  /** Pass it to the next `list` to wait for a change. */
  readonly index: number;
}

export interface KvPutOptions {
  /**
   * Write only if the entry's `modifyIndex` is this; 0: only if there is no entry. Absent: whatever is there.
   */
  readonly cas?: number;
  /** Opaque number kept with the entry. Default 0. */
  readonly flags?: number;
  readonly signal?: AbortSignal;
}

export interface KvListOptions {
  /** Answer only when something under the prefix changed after this index. Absent: at once. */
  readonly index?: number;
  /** How long to wait for a change, milliseconds. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

export interface KvStore {
  /** The entry, or undefined when there is none. */
  get(key: string, signal?: AbortSignal): Promise<KvEntry | undefined>;
  /** Everything under `prefix`; no entries is an answer, not a fault. */
  list(prefix: string, options?: KvListOptions): Promise<KvListing>;
  /** True when it was written, false when `cas` did not hold. */
  put(key: string, value: string | Buffer, options?: KvPutOptions): Promise<boolean>;
  /** True when the key is gone, false when `cas` did not hold. */
  delete(key: string, options?: { readonly cas?: number; readonly signal?: AbortSignal }): Promise<boolean>;
}

/** Consul's limit of one value. */
export const VALUE_BYTES_MAX = 512 * 1024;
