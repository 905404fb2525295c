/**
 * Bytes written one after the other into a buffer that grows and is kept: the writer of a connection lives as
 * long as the connection, so that a flush allocates nothing.
 *
 * A varint has seven bits a byte, the lowest first, and the eighth set while more follow; up to 2^53 - 1.
 */
import { assert } from '@ringwatch/kernel';

/** Bytes that a varint of at most 53 bits takes. */
export const VARINT_BYTES_MAX = 8;
const START_BYTES = 4 * 1024;
const KEPT_BYTES = 512 * 1024;
/** Below this, bitwise operators are right. */
const BITWISE_LIMIT = 2 ** 31;

export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(START_BYTES);
  #at = 0;

  /** Bytes written. */
  get length(): number {
    return this.#at;
  }

  /** What was written; shares the writer's memory, so it is valid until {@link ByteWriter.reset}. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Starts anew, in the same memory unless that has become very large. */
  reset(): void {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(START_BYTES);
    this.#at = 0;
  }

  /** Forgets what was written behind the first `length` bytes. */
  truncate(length: number): void {
    assert(length <= this.#at, 'a writer is cut back, not forth');
    this.#at = length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  /** Puts a number that was not known when its place was written. */
  u32At(at: number, value: number): void {
    assert(at + 4 <= this.#at, 'only what is written can be replaced');
    this.#bytes.writeUInt32LE(value, at);
  }

  varint(value: number): void {
    assert(value >= 0 && value <= Number.MAX_SAFE_INTEGER, 'a varint is a safe integer, not negative');
    this.#reserve(VARINT_BYTES_MAX);
    const bytes = this.#bytes;
    let at = this.#at;
    let rest = value;
    while (rest >= BITWISE_LIMIT) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#at = at;
  }

  data(data: Uint8Array): void {
    this.#reserve(data.length);
    this.#bytes.set(data, this.#at);
    this.#at += data.length;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    let { length } = this.#bytes;
    while (length < needed) length *= 2;
    const grown = Buffer.allocUnsafeSlow(length);
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}
