/**
 * A replicated log with one replica: the seam that Raft will fill. Proposals are gathered while a sync runs,
 * made durable together, then applied in order.
 *
 * 1. A proposal resolves after it is durable *and* applied; its value is what `apply` returned.
 * 2. Queue and batch are bounded; a full queue answers `unavailable` with reason `log_queue_full`.
 * 3. When the log breaks, everything queued is refused and `onBroken` is called once; the process should end.
 */
import { Fault, toFault } from '@ringwatch/kernel';
import type { LogStore } from './log-store.ts';

/** Outcome of a proposal. */
export interface Proposed<R> {
  readonly index: number;
  readonly result: R;
}

export interface SingleNodeOptions<R> {
  readonly log: LogStore;
  /** Called once per entry, in order, after it is durable. Must not throw: the state machine's bugs crash. */
  readonly apply: (index: number, payload: Buffer) => R;
  /** Called once when the log can no longer be written. */
  readonly onBroken: (fault: Fault) => void;
  /** Bytes that may wait for the next sync. Default 64 MiB. */
  readonly queueBytesMax?: number;
  /** Bytes that one sync makes durable. Default 4 MiB. */
  readonly batchBytesMax?: number;
}

interface Waiting<R> {
  readonly payload: Buffer;
  readonly resolve: (proposed: Proposed<R>) => void;
  readonly reject: (fault: Fault) => void;
}

const QUEUE_BYTES_MAX = 64 * 1024 * 1024;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;

export class SingleNode<R> {
  #queue: Waiting<R>[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;
  #broken: Fault | undefined;

  constructor(private readonly options: SingleNodeOptions<R>) {}

  /** Bytes that wait for a sync. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * Makes `payload` the next entry of the log.
   * @throws {Fault} `unavailable` when the queue is full, `data_loss` once the log is broken.
   */
  propose(payload: Buffer): Promise<Proposed<R>> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    if (this.#queuedBytes + payload.length > (this.options.queueBytesMax ?? QUEUE_BYTES_MAX)) {
      return Promise.reject(
        new Fault('unavailable', 'too much waits for the log', {
          reason: 'log_queue_full',
          retryAfterMs: 1_000,
        }),
      );
    }
    const proposed = new Promise<Proposed<R>>((resolve, reject) =>
      this.#queue.push({ payload, resolve, reject }),
    );
    this.#queuedBytes += payload.length;
    this.#writing ??= this.#drain();
    return proposed;
  }

  /** Applies what the log already holds, from `from` on. Call once, before the first proposal. */
  async replay(from: number): Promise<void> {
    for await (const { index, payload } of this.options.log.scan(from)) this.options.apply(index, payload);
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      try {
        const last = await this.options.log.append(batch.map(({ payload }) => payload));
        this.#settle(batch, last - batch.length + 1);
      } catch (error) {
        this.#break(batch, toFault(error));
      }
    }
    this.#writing = undefined;
  }

  #takeBatch(): Waiting<R>[] {
    let bytes = 0;
    let count = 0;
    for (const { payload } of this.#queue) {
      if (count > 0 && bytes + payload.length > (this.options.batchBytesMax ?? BATCH_BYTES_MAX)) break;
      bytes += payload.length;
      count++;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  #settle(batch: readonly Waiting<R>[], firstIndex: number): void {
    for (const [i, { payload, resolve }] of batch.entries()) {
      resolve({ index: firstIndex + i, result: this.options.apply(firstIndex + i, payload) });
    }
  }

  #break(batch: readonly Waiting<R>[], fault: Fault): void {
    const first = this.#broken === undefined;
    this.#broken = fault;
    for (const { reject } of [...batch, ...this.#queue.splice(0)]) reject(fault);
    this.#queuedBytes = 0;
    if (first) this.options.onBroken(fault);
  }
}
