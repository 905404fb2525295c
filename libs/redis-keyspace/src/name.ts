/**
 * Names (hosts, families, document keys, schema hashes) inside Redis keys. A name is any text its owner
 * likes, a key is parsed by its colons and its slot is chosen by its braces, so whatever has a meaning there
 * is percent-encoded as UTF-8.
 *
 * 1. Injective: distinct names give distinct encodings, and `decodeName(encodeName(name)) === name`.
 * 2. An encoded name holds no colon, brace, space or control character, so keys stay readable in redis-cli.
 * 3. The set below is written out instead of taken from Unicode classes, which differ between engine
 *    versions: two processes on different Node versions must build the same key.
 */
import { Fault } from '@ringwatch/kernel';

// oxlint-disable-next-line no-control-regex -- control characters are among what must not stand in a key
const RESERVED = /[\u0000-\u0020%:{}\u007f-\u00a0\u2028\u2029]/g;
/** Nearly every name: visible ASCII without a reserved character. */
const PLAIN = /^[!-$&-9;-z|~]+$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const ESCAPES = /(?:%[0-9A-F]{2})+/g;

/**
 * `name` as it stands in a key.
 * @throws {Fault} `invalid_argument` when it is empty (Redis ignores an empty slot tag) or has no UTF-8 form.
 */
export function encodeName(name: string): string {
  if (PLAIN.test(name)) return name; // On the flush path.
  if (name === '')
    throw new Fault('invalid_argument', 'a name in a key must not be empty', { reason: 'name_empty' });
  if (LONE_SURROGATE.test(name)) {
    throw new Fault('invalid_argument', 'a name in a key must be well-formed Unicode', {
      reason: 'name_not_unicode',
    });
  }
  return name.replace(RESERVED, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x80 ? `%${code.toString(16).toUpperCase().padStart(2, '0')}` : encodeURIComponent(char);
  });
}

/** The name that encodes to `encoded`, or undefined when no name does. */
export function decodeName(encoded: string): string | undefined {
  try {
    const name = encoded.replace(ESCAPES, decodeURIComponent);
    return encodeName(name) === encoded ? name : undefined;
  } catch {
    return undefined;
  }
}
