/**
 * Messages as gRPC puts them on an HTTP/2 stream: a byte that says whether it is compressed, which ours never
 * are, the length in four bytes, the message.
 *
 * Source: gRPC over HTTP2, "Length-Prefixed-Message".
 */
import { assert } from '@ringwatch/kernel';

const HEADER_BYTES = 5;
const NO_BYTES = Buffer.alloc(0);

export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEADER_BYTES);
  return frame;
}

/** Finds the messages in what arrives, however it was cut. */
export class FrameReader {
  #rest: Buffer = NO_BYTES;
  readonly #onMessage: (message: Buffer) => void;

  constructor(onMessage: (message: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + HEADER_BYTES <= bytes.length) {
      assert(bytes[at] === 0, 'nobody was told that answers may be compressed');
      const end = at + HEADER_BYTES + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      this.#onMessage(bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}
