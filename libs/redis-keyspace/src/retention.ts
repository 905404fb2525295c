/**
 * How long keys live, and the periods that name them. Everything is a function of the settings, so that a
 * changed retention holds for the next write without a migration.
 */
import type { KeyKind, RollupResolution } from './key-ref.ts';

const DAY_MS = 86_400_000;

/** What a route says about the lifetime of reports. */
export interface Retention {
  /** Lifetime of raw reports, milliseconds. Default 15 minutes. */
  readonly rawMs: number;
  /** Lifetime of packed history, milliseconds. Default 15 days. */
  readonly historyMs: number;
}

export const DEFAULT_RETENTION: Retention = { rawMs: 15 * 60_000, historyMs: 15 * DAY_MS };

/** Width of a packed chunk's window, seconds. */
export const CHUNK_WINDOW_SECONDS = 600;

/**
 * TTL of a freshly written key in milliseconds; undefined means that it stays until it is trimmed or removed.
 */
export function ttlMsOf(kind: KeyKind, retention: Retention): number | undefined {
  switch (kind) {
    case 'report':
    case 'report-index': // As long as its newest member: both are set in the same script call.
      return retention.rawMs;
    case 'chunk':
      return retention.historyMs;
    case 'schema': // A day longer than the last chunk that needs it.
      return retention.historyMs + DAY_MS;
    case 'host':
    case 'hosts':
    case 'rollup':
    case 'watermark':
    case 'config':
    case 'config-versions':
    case 'config-tombstones':
    case 'config-stream':
      return undefined;
  }
}

/**
 * Index members below this are trimmed, Unix seconds: the newest flushed report's time less the raw
 * retention.
 */
export function trimBelow(newestFlushedSeconds: number, retention: Retention): number {
  return Math.max(0, Math.floor(newestFlushedSeconds - retention.rawMs / 1_000));
}

/** Start of the chunk window that holds `seconds`, Unix seconds. */
export function chunkWindowStart(seconds: number): number {
  return Math.floor(seconds / CHUNK_WINDOW_SECONDS) * CHUNK_WINDOW_SECONDS;
}

/**
 * Start of the period whose rollups share one hash field, Unix seconds: the UTC day of `1m`, the UTC month of
 * `1h`.
 */
export function rollupPeriodStart(resolution: RollupResolution, seconds: number): number {
  const date = new Date(Math.floor(seconds) * 1_000);
  const day = resolution === '1m' ? date.getUTCDate() : 1;
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day) / 1_000;
}
