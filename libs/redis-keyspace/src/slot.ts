/**
 * Which of Redis Cluster's 16,384 slots a key lives in (Redis Cluster specification, "Hash tags" and appendix
 * A: CRC16/XMODEM, polynomial 0x1021). Only the first brace pair counts, and only when there is something
 * inside.
 */

/** Slots of a Redis Cluster. */
export const SLOT_COUNT = 16_384;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc & 0xffff;
});

const utf8 = new TextEncoder();

/** The slot of `key`, in [0, {@link SLOT_COUNT}). */
export function slotOf(key: string): number {
  let crc = 0;
  for (const byte of utf8.encode(hashedPart(key))) {
    crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ byte] as number);
  }
  return crc % SLOT_COUNT;
}

function hashedPart(key: string): string {
  const open = key.indexOf('{');
  if (open < 0) return key;
  const close = key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}
