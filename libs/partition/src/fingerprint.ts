import { crc32 } from 'node:zlib';

const HIGH = 2 ** 21;

/**
 * 53 bits over `content` and `salt`: CRC-32 beside 21 bits of a multiplicative hash over 32-bit words
 * (FNV-1a's step). Equal content has equal fingerprints; different content does by accident once in 2⁵³, and
 * a CRC collision, which is easy to construct, does not suffice.
 */
export function fingerprintOf(content: Buffer, salt: string): number {
  const crc = crc32(content, crc32(salt));
  let hash = crc | 0;
  const words = content.length & ~3;
  for (let at = 0; at < words; at += 4) hash = Math.imul(hash ^ content.readInt32LE(at), 0x01000193);
  for (let at = words; at < content.length; at++)
    hash = Math.imul(hash ^ (content[at] as number), 0x01000193);
  return crc * HIGH + ((hash ^ (hash >>> 15)) & (HIGH - 1));
}
