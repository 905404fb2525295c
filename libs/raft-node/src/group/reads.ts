/**
 * Linearizable reads of one group. Those that arrive in a turn share one request to the core; each is let go
 * when everything up to the index that the request came back with is applied.
 *
 * A request carries a number that no request ever carried before, of this process or of an earlier one of the
 * node: an answer that was long on its way must not be taken for the answer to a later read.
 */
import { randomBelow, type Fault, type Random } from '@ringwatch/kernel';
import type { ReadState } from '@ringwatch/raft';

/** Who waits for a read. */
export interface Reader {
  readonly resolve: (index: number) => void;
  readonly reject: (fault: Fault) => void;
}

interface Batch {
  readonly readers: readonly Reader[];
  readonly deadlineTick: number;
  /** What must be applied; unknown until a majority has confirmed the leader. */
  index: number | undefined;
}

/** Together with the count of batches as good as unique: 2^64 runs. */
const NONCE_BYTES = 8;
const CONTEXT_BYTES = 16;

export class Reads {
  /** A context but for the number of its batch. */
  readonly #template: Buffer;
  #waiting: Reader[] = [];
  #lastBatch = 0;
  readonly #batches = new Map<number, Batch>();

  constructor(random: Random) {
    this.#template = Buffer.alloc(CONTEXT_BYTES);
    for (let at = 0; at < NONCE_BYTES; at += 4)
      this.#template.writeUInt32BE(randomBelow(random, 2 ** 32), at);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Readers in all states. */
  get count(): number {
    let count = this.#waiting.length;
    for (const { readers } of this.#batches.values()) count += readers.length;
    return count;
  }

  add(reader: Reader): void {
    this.#waiting.push(reader);
  }

  /** Makes a batch of those that wait. @returns the context to ask the core with. */
  begin(deadlineTick: number): Uint8Array {
    this.#lastBatch++;
    this.#batches.set(this.#lastBatch, { readers: this.#waiting, deadlineTick, index: undefined });
    this.#waiting = [];
    const context = Buffer.from(this.#template);
    context.writeDoubleBE(this.#lastBatch, NONCE_BYTES);
    return context;
  }

  confirmed({ context, index }: ReadState): void {
    const batch = this.#batches.get(this.#batchOf(context));
    if (batch !== undefined) batch.index = index;
  }

  /** Lets go of all that wait for no more than `applied`. */
  release(applied: number): void {
    if (this.#batches.size === 0) return;
    for (const [id, { readers, index }] of this.#batches) {
      if (index === undefined || index > applied) continue;
      this.#batches.delete(id);
      for (const { resolve } of readers) resolve(index);
    }
  }

  /** The core did not take the request. */
  refused(context: Uint8Array, fault: Fault): void {
    this.#reject(this.#batchOf(context), fault);
  }

  expire(tick: number, fault: () => Fault): void {
    for (const [id, { deadlineTick }] of this.#batches) if (deadlineTick <= tick) this.#reject(id, fault());
  }

  fail(fault: Fault): void {
    for (const { reject } of this.#waiting.splice(0)) reject(fault);
    for (const id of this.#batches.keys()) this.#reject(id, fault);
  }

  #reject(id: number, fault: Fault): void {
    const batch = this.#batches.get(id);
    this.#batches.delete(id);
    for (const { reject } of batch?.readers ?? []) reject(fault);
  }

  /** The batch that was asked for with `context`; 0, which is none, if that was not this process. */
  #batchOf(context: Uint8Array): number {
    const bytes = Buffer.from(context.buffer, context.byteOffset, context.byteLength);
    if (bytes.length !== CONTEXT_BYTES) return 0;
    const isOwn = bytes.compare(this.#template, 0, NONCE_BYTES, 0, NONCE_BYTES) === 0;
    return isOwn ? bytes.readDoubleBE(NONCE_BYTES) : 0;
  }
}
