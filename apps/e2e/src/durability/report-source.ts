/** Reports whose values follow from their key, so that another process can tell what must be there. */
import { createHash } from 'node:crypto';
import type { Batch } from '@ringwatch/contracts';

const HOSTS = 40;
export const REPORTS_PER_BATCH = 100;
const KEYS = ['a', 'b', 'c', 'd', 'e'].map((name) => `check_${name}`);
const HASH = createHash('sha256').update(KEYS.join('\n')).digest().subarray(0, 16);

/** The values of the report of `hostId` at `timestamp`. */
export function valuesOf(hostId: string, timestamp: number): Buffer {
  const digest = createHash('sha256').update(`${hostId}@${timestamp}`).digest();
  const values = Buffer.alloc(KEYS.length * 8);
  KEYS.forEach((_, i) => values.writeDoubleLE(digest.readUInt32LE(i * 4), i * 8));
  return values;
}

/** Batch number `sequence` of a run that began at `start` (Unix seconds). */
export function batchOf(sequence: number, start: number): Batch {
  const reports = Array.from({ length: REPORTS_PER_BATCH }, (_, i) => {
    const n = sequence * REPORTS_PER_BATCH + i;
    const hostId = `host-${n % HOSTS}`;
    const timestamp = start + Math.floor(n / HOSTS) / 1_000;
    const values = valuesOf(hostId, timestamp);
    return { hostId, timestamp, intervalMs: 1_000, schema: 0, values, labels: {}, late: false };
  });
  return { sequence, schemas: [{ hash: HASH, keys: KEYS }], reports };
}
