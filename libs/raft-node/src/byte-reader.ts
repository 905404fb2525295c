/**
 * Bytes read one after the other: the twin of {@link ByteWriter}. Every read checks that it
 * stays inside, for what is read came from the network: what does not fit is a fault, never garbage.
 */
import { Fault } from '@ringwatch/kernel';

/** Above this, seven more bits do not fit into 32. */
const BITWISE_BITS = 28;
const VARINT_BITS_MAX = 56;

export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw malformed('it is cut short');
    this.#at++;
    return value;
  }

  /** A number up to 2^53 - 1. */
  varint(): number {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    if (first !== undefined && first < 0x80) {
      this.#at++;
      return first;
    }
    let value = 0;
    for (let bits = 0; bits < VARINT_BITS_MAX; bits += 7) {
      const byte = this.u8();
      if (bits < BITWISE_BITS) value |= (byte & 0x7f) << bits;
      else value += (byte & 0x7f) * 2 ** bits;
      if (byte >= 0x80) continue;
      if (value > Number.MAX_SAFE_INTEGER) break;
      return value;
    }
    throw malformed('a number is too large');
  }

  /** A count of things of at least `bytesMin` bytes each, so that a wrong one cannot claim memory. */
  count(bytesMin: number): number {
    const count = this.varint();
    if (count > this.left / bytesMin) throw malformed('it holds less than it says');
    return count;
  }

  /** The next `length` bytes; shares memory with what is read. */
  data(length: number): Buffer {
    if (length > this.left) throw malformed('it is cut short');
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }
}

/** What a peer sent cannot be read. */
export function malformed(what: string): Fault {
  return new Fault('data_loss', `a peer sent a frame that cannot be read: ${what}`, {
    reason: 'peer_frame_malformed',
  });
}
