/**
 * xxHash32 with seed 0 (Y. Collet, xxhash_spec.md) over the UTF-8 form of a string, in plain JavaScript: no
 * BigInt, no foreign call, and for ASCII, which host ids are, no allocation.
 *
 * The hash decides where data lives, so its values are part of the stored format: they are pinned by golden
 * vectors in `testdata/` and checked against xxhash-wasm. Hot path: it mutates locals.
 */
const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

const STRIPE_BYTES = 16;
const ASCII_MAX = 0x7f;

const encoder = new TextEncoder();

/**
 * Character codes of the present call joined by OR: above ASCII its result is void and the bytes are hashed
 * instead.
 */
let seen = 0;

/** xxh32 of `text` in UTF-8, an unsigned 32-bit integer. A lone surrogate counts as U+FFFD. */
export function xxh32(text: string): number {
  const length = text.length;
  let at = 0;
  seen = 0;
  let hash = PRIME_5 | 0;
  if (length >= STRIPE_BYTES) {
    let lane1 = (PRIME_1 + PRIME_2) | 0;
    let lane2 = PRIME_2 | 0;
    let lane3 = 0;
    let lane4 = -PRIME_1 | 0;
    for (const end = length - STRIPE_BYTES; at <= end; at += STRIPE_BYTES) {
      lane1 = round(lane1, wordOf(text, at));
      lane2 = round(lane2, wordOf(text, at + 4));
      lane3 = round(lane3, wordOf(text, at + 8));
      lane4 = round(lane4, wordOf(text, at + 12));
    }
    hash = merge(lane1, lane2, lane3, lane4);
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= length; at += 4) hash = mixWord(hash, wordOf(text, at));
  for (; at < length; at++) {
    const code = text.charCodeAt(at);
    seen |= code;
    hash = mixByte(hash, code);
  }
  return seen > ASCII_MAX ? xxh32Bytes(encoder.encode(text)) : avalanche(hash);
}

/** xxh32 of bytes, seed 0. */
export function xxh32Bytes(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length;
  let at = 0;
  let hash = PRIME_5 | 0;
  if (length >= STRIPE_BYTES) {
    let lane1 = (PRIME_1 + PRIME_2) | 0;
    let lane2 = PRIME_2 | 0;
    let lane3 = 0;
    let lane4 = -PRIME_1 | 0;
    for (const end = length - STRIPE_BYTES; at <= end; at += STRIPE_BYTES) {
      lane1 = round(lane1, view.getInt32(at, true));
      lane2 = round(lane2, view.getInt32(at + 4, true));
      lane3 = round(lane3, view.getInt32(at + 8, true));
      lane4 = round(lane4, view.getInt32(at + 12, true));
    }
    hash = merge(lane1, lane2, lane3, lane4);
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= length; at += 4) hash = mixWord(hash, view.getInt32(at, true));
  for (; at < length; at++) hash = mixByte(hash, view.getUint8(at));
  return avalanche(hash);
}

/** Four ASCII characters as a little-endian word. */
function wordOf(text: string, at: number): number {
  const code1 = text.charCodeAt(at);
  const code2 = text.charCodeAt(at + 1);
  const code3 = text.charCodeAt(at + 2);
  const code4 = text.charCodeAt(at + 3);
  seen |= code1 | code2 | code3 | code4;
  return code1 | (code2 << 8) | (code3 << 16) | (code4 << 24);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function round(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
}

function merge(lane1: number, lane2: number, lane3: number, lane4: number): number {
  return (rotate(lane1, 1) + rotate(lane2, 7) + rotate(lane3, 12) + rotate(lane4, 18)) | 0;
}

function mixWord(hash: number, word: number): number {
  return Math.imul(rotate((hash + Math.imul(word, PRIME_3)) | 0, 17), PRIME_4);
}

function mixByte(hash: number, byte: number): number {
  return Math.imul(rotate((hash + Math.imul(byte, PRIME_5)) | 0, 11), PRIME_1);
}

function avalanche(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
