/**
 * The replicated log's storage as a port. The segment log (real) and the memory log (twin) pass one contract
 * suite.
 *
 * 1. Indices start at 1 and have no gaps; `append` resolves only when every payload is on stable storage.
 * 2. After a failed sync nothing is acknowledged any more: the log is broken for good and says so (a page
 *    whose sync failed may be marked clean, so trying again would lie; Rebello et al., USENIX ATC 2020).
 * 3. `trim` may keep more than asked for, never less.
 */
export interface LogStore {
  /** Identity of this log; another value means that old indices are void. */
  readonly logId: string;
  /** First index that can be read; `lastIndex + 1` when there is none. */
  readonly firstIndex: number;
  /** Last durable index; 0 in a new log. */
  readonly lastIndex: number;
  /** Bytes that the log takes on its medium. */
  readonly sizeBytes: number;
  /**
   * Appends `payloads` as one atomic, durable step.
   * @returns the index of the last one.
   * @throws {Fault} `data_loss` once the log is broken, `unavailable` when it is closed.
   */
  append(payloads: readonly Buffer[]): Promise<number>;
  /** The payload at `index`. @throws {Fault} `out_of_range` when it is not retained or not written. */
  read(index: number): Promise<Buffer>;
  /**
   * Payloads from `from` to the last durable index, in order. @throws {Fault} `out_of_range` when trimmed.
   */
  scan(from: number): AsyncIterable<LogRecord>;
  /**
   * First index that would remain after `trim(index)`: at most `index`, for storage is freed in whole
   * segments.
   */
  trimPoint(index: number): number;
  /** Forgets what lies before `index`, as far as {@link LogStore.trimPoint} says. */
  trim(index: number): Promise<void>;
  close(): Promise<void>;
}

export interface LogRecord {
  readonly index: number;
  readonly payload: Buffer;
}
