/**
 * The embedded twin of Consul's KV store: for one process and a file, when there is no Consul.
 *
 * 1. A write is acknowledged after it is durable, and only then seen by readers and waiters.
 * 2. Writes that arrive while one is being synced share the next sync, in order of arrival.
 * 3. When the disk refuses, the writes of that sync fail and the state stays as it was.
 * 4. One process holds the file; a second is refused.
 * 5. Waiters and queued writes are bounded; beyond that they are refused as `resource_exhausted`.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault, toFault, type Clock } from '@ringwatch/kernel';
import { acquireFileLock, systemClock } from '@ringwatch/kernel/system';
import { readTable, writeTable } from './kv-file.ts';
import type { KvEntry, KvListing, KvListOptions, KvPutOptions, KvStore } from './kv-store.ts';
import { KvTable, type KvMutation } from './kv-table.ts';

const QUEUED_WRITES_MAX = 1_000;
const WAITERS_MAX = 1_000;

export interface EmbeddedKvOptions {
  /**
   * The file; its folder is made. `PATH.lock` and `PATH.next` belong to it. Absent: nothing is kept, for
   * tests and trials.
   */
  readonly path?: string;
  /** Default the machine's. */
  readonly clock?: Clock;
}

interface QueuedWrite {
  readonly mutation: KvMutation;
  readonly resolve: (done: boolean) => void;
  readonly reject: (fault: Fault) => void;
}

/**
 * A durable key-value store with Consul's semantics. Open it with {@link EmbeddedKv.open}, end it with
 * `close`.
 */
export class EmbeddedKv implements KvStore {
  readonly #path: string | undefined;
  readonly #clock: Clock;
  readonly #unlock: () => void;
  readonly #waiters = new Set<() => void>();
  #table: KvTable;
  #queue: QueuedWrite[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  private constructor(path: string | undefined, clock: Clock, unlock: () => void, table: KvTable) {
    this.#path = path;
    this.#clock = clock;
    this.#unlock = unlock;
    this.#table = table;
  }

  /**
   * Opens the store, taking its lock.
   * @throws {Fault} `failed_precondition` (`store_locked`, `kv_file_version`) or `data_loss`
   *   (`kv_file_damaged`).
   */
  static async open({ path, clock = systemClock }: EmbeddedKvOptions = {}): Promise<EmbeddedKv> {
    if (path === undefined) return new EmbeddedKv(path, clock, () => undefined, new KvTable());
    mkdirSync(dirname(path), { recursive: true });
    const unlock = acquireFileLock(`${path}.lock`);
    try {
      return new EmbeddedKv(path, clock, unlock, await readTable(path));
    } catch (error) {
      unlock();
      throw error;
    }
  }

  async get(key: string): Promise<KvEntry | undefined> {
    return this.#table.get(key).entry;
  }

  async list(prefix: string, options: KvListOptions = {}): Promise<KvListing> {
    return this.waitFor((table) => table.list(prefix), options);
  }

  async put(key: string, value: string | Buffer, { cas, flags = 0 }: KvPutOptions = {}): Promise<boolean> {
    const condition = cas === undefined ? {} : { cas };
    return this.mutate({ kind: 'put', key, value: Buffer.from(value), flags, ...condition });
  }

  async delete(key: string, { cas }: { readonly cas?: number } = {}): Promise<boolean> {
    return this.mutate({ kind: 'delete', key, ...(cas === undefined ? {} : { cas }) });
  }

  /** Removes everything under `prefix` in one step. */
  async deleteTree(prefix: string): Promise<void> {
    await this.mutate({ kind: 'delete-tree', prefix });
  }

  /**
   * Reads by `read` as soon as what it returns is newer than the index in `options`, or when the wait is
   * over.
   */
  async waitFor<T extends { readonly index: number }>(
    read: (table: KvTable) => T,
    options: KvListOptions,
  ): Promise<T> {
    const { index, waitMs = 0, signal } = options;
    const deadlineMs = this.#clock.monotonicMs() + waitMs;
    for (;;) {
      this.#checkOpen();
      const answer = read(this.#table);
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      // An index beyond the store's is of another state: waiting for it would miss what happens now.
      const news = index === undefined || answer.index > index || index > this.#table.index;
      if (news || leftMs <= 0) return answer;
      await this.#nextWrite(leftMs, signal);
      if (signal?.aborted) throw new Fault('cancelled', 'the wait was cancelled');
    }
  }

  /** Applies one mutation durably; resolves to whether its condition held. */
  mutate(mutation: KvMutation): Promise<boolean> {
    this.#checkOpen();
    if (this.#queue.length >= QUEUED_WRITES_MAX) {
      const full = new Fault('resource_exhausted', 'too many writes wait', {
        reason: 'kv_busy',
        retryAfterMs: 1_000,
      });
      return Promise.reject(full);
    }
    const written = new Promise<boolean>((resolve, reject) =>
      this.#queue.push({ mutation, resolve, reject }),
    );
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined));
    return written;
  }

  /** Ends waits, finishes queued writes and gives the lock back. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    await this.#writing;
    this.#unlock();
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      const next = this.#table.clone();
      const settle = batch.map((write) => outcomeOf(next, write));
      try {
        if (next.index !== this.#table.index) {
          if (this.#path !== undefined) await writeTable(this.#path, next);
          this.#table = next;
          this.#wake();
        }
        for (const settleOne of settle) settleOne();
      } catch (error) {
        for (const { reject } of batch) reject(toFault(error, 'unavailable'));
      }
    }
  }

  #nextWrite(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    if (this.#waiters.size >= WAITERS_MAX) {
      const full = new Fault('resource_exhausted', 'too many queries wait', {
        reason: 'kv_busy',
        retryAfterMs: 1_000,
      });
      return Promise.reject(full);
    }
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#waiters.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#clock.after(timeoutMs, done);
      signal?.addEventListener('abort', done, { once: true });
      this.#waiters.add(done);
    });
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }

  #checkOpen(): void {
    if (this.#closed) throw new Fault('unavailable', 'the store is closed', { reason: 'kv_closed' });
  }
}

/** Applies one write to the next state and returns how to settle it once that state is durable. */
function outcomeOf(next: KvTable, { mutation, resolve, reject }: QueuedWrite): () => void {
  try {
    const done = next.apply(mutation);
    return () => resolve(done);
  } catch (error) {
    const fault = toFault(error);
    return () => reject(fault);
  }
}
