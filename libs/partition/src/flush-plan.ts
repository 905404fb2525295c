/**
 * Which entries have reached the store: pure bookkeeping of batches in flight over log indices.
 *
 * 1. `flushedIndex` is the last index such that it and everything before it is acknowledged by the store.
 * 2. The watermark trails `flushedIndex` by {@link WATERMARK_TRAIL_MS}: what the store acknowledged last may
 *    still be lost with it and must stay re-drivable.
 * 3. `unflushedBytes` counts the entries after `flushedIndex`: what may not be dropped.
 */
import { assert } from '@ringwatch/kernel';

/** An acknowledgement of the store is believed after this long, milliseconds. */
export const WATERMARK_TRAIL_MS = 60_000;

interface Acknowledged {
  readonly index: number;
  readonly atMs: number;
}

export class FlushPlan {
  /** Entries that were started, oldest first, with the batches they still wait for. */
  readonly #pending = new Map<number, number>();
  readonly #acknowledged: Acknowledged[] = [];
  /** Entries that are applied and not flushed, oldest first. */
  readonly #unflushed: { readonly index: number; readonly bytes: number }[] = [];
  #unflushedBytes = 0;
  #flushedIndex: number;

  constructor(flushedIndex: number) {
    this.#flushedIndex = flushedIndex;
  }

  get flushedIndex(): number {
    return this.#flushedIndex;
  }

  get unflushedBytes(): number {
    return this.#unflushedBytes;
  }

  /** Entry `index` was applied and now waits to be flushed. */
  applied(index: number, bytes: number): void {
    if (index <= this.#flushedIndex) return;
    this.#unflushed.push({ index, bytes });
    this.#unflushedBytes += bytes;
  }

  /** Starts entry `index`; it is flushed after `batches` calls of {@link done}. Entries start in order. */
  start(index: number, batches: number): void {
    this.#pending.set(index, batches);
  }

  /** One batch of entry `index` is acknowledged. */
  done(index: number): void {
    const batches = this.#pending.get(index);
    assert(batches !== undefined && batches > 0, `entry ${index} waits for a batch`);
    this.#pending.set(index, batches - 1);
  }

  /** Moves `flushedIndex` over everything that is complete. `nowMs` is monotonic. */
  advance(nowMs: number): void {
    let index = this.#flushedIndex;
    for (const [pending, batches] of this.#pending) {
      if (batches > 0) break;
      index = pending;
      this.#pending.delete(pending);
    }
    if (index === this.#flushedIndex) return;
    this.#flushedIndex = index;
    this.#acknowledged.push({ index, atMs: nowMs });
    let passed = 0;
    while ((this.#unflushed[passed]?.index ?? Number.POSITIVE_INFINITY) <= index) passed++;
    for (const { bytes } of this.#unflushed.splice(0, passed)) this.#unflushedBytes -= bytes;
  }

  /** The greatest index whose acknowledgement is old enough to be believed, if there is a new one. */
  takeWatermark(nowMs: number): number | undefined {
    let index: number | undefined;
    while (this.#acknowledged[0] !== undefined && this.#acknowledged[0].atMs <= nowMs - WATERMARK_TRAIL_MS) {
      index = (this.#acknowledged.shift() as Acknowledged).index;
    }
    return index;
  }

  /** Goes back: everything after `index` counts as not flushed. Nothing may be in flight. */
  rewind(index: number): void {
    assert(
      [...this.#pending.values()].every((batches) => batches === 0),
      'nothing is in flight at a rewind',
    );
    this.#pending.clear();
    this.#flushedIndex = Math.min(this.#flushedIndex, index);
    const keep = this.#acknowledged.findIndex((acknowledged) => acknowledged.index > index);
    if (keep >= 0) this.#acknowledged.length = keep;
  }
}
