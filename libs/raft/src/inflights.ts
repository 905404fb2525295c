/**
 * The append messages on their way to one follower: a window in messages and in bytes. A ring of two columns
 * that grows up to the window, so that an idle follower costs nothing.
 */
import { assert } from '@ringwatch/kernel';

/** How much may be on its way to one follower. */
export interface InflightLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
}

const CAPACITY_FIRST = 8;

export class Inflights {
  readonly #limits: InflightLimits;
  #start = 0;
  #count = 0;
  #bytes = 0;
  #indexes: number[] = [];
  #sizes: number[] = [];

  constructor(limits: InflightLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** True when no further message may be sent. */
  get full(): boolean {
    return this.#count === this.#limits.messagesMax || this.#bytes >= this.#limits.bytesMax;
  }

  /** Notes a message whose last entry has `index`. */
  add(index: number, bytes: number): void {
    assert(!this.full, 'a message was sent past the window');
    if (this.#count === this.#indexes.length) this.#grow();
    const at = (this.#start + this.#count) % this.#indexes.length;
    this.#indexes[at] = index;
    this.#sizes[at] = bytes;
    this.#count++;
    this.#bytes += bytes;
  }

  /** Frees all messages up to `index`: the follower has their entries. */
  freeTo(index: number): void {
    while (this.#count > 0 && (this.#indexes[this.#start] as number) <= index) {
      this.#bytes -= this.#sizes[this.#start] as number;
      this.#start = (this.#start + 1) % this.#indexes.length;
      this.#count--;
    }
  }

  reset(): void {
    this.#start = 0;
    this.#count = 0;
    this.#bytes = 0;
  }

  #grow(): void {
    const capacity = Math.min(Math.max(CAPACITY_FIRST, this.#indexes.length * 2), this.#limits.messagesMax);
    const [indexes, sizes] = [this.#indexes, this.#sizes];
    this.#indexes = new Array<number>(capacity).fill(0);
    this.#sizes = new Array<number>(capacity).fill(0);
    for (let i = 0; i < this.#count; i++) {
      this.#indexes[i] = indexes[(this.#start + i) % indexes.length] as number;
      this.#sizes[i] = sizes[(this.#start + i) % sizes.length] as number;
    }
    this.#start = 0;
  }
}
