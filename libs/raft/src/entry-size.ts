import type { Entry } from './message.ts';

/** What an entry costs besides its data where it is stored or sent: term, index, type and length. */
export const ENTRY_OVERHEAD_BYTES = 24;

/** Bytes that `entries` take in a log or a message. */
export function encodedBytes(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const { data } of entries) bytes += data.length + ENTRY_OVERHEAD_BYTES;
  return bytes;
}

/** Bytes of data alone: the empty entry of a new term counts nothing. */
export function payloadBytes(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const { data } of entries) bytes += data.length;
  return bytes;
}

/** The longest head of `entries` within `bytesMax`, but at least the first one, so that all make progress. */
export function withinBytes(entries: readonly Entry[], bytesMax: number): readonly Entry[] {
  if (bytesMax === Infinity) return entries;
  let bytes = 0;
  for (let i = 0; i < entries.length; i++) {
    bytes += (entries[i] as Entry).data.length + ENTRY_OVERHEAD_BYTES;
    if (i > 0 && bytes > bytesMax) return entries.slice(0, i);
  }
  return entries;
}
