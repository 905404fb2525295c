import { Fault, type Clock, type Random } from '@ringwatch/kernel';
import type { LogDisk } from './log-disk.ts';

export interface WalOptions {
  readonly disk: LogDisk;
  /** Folder of the log; created when missing. One process uses it at a time, which the caller sees to. */
  readonly folder: string;
  /** Size of a segment, a multiple of 8 from 4 KiB to 1 GiB. Default 64 MiB. */
  readonly segmentBytes?: number;
  /**
   * Beyond it groups that hold the oldest segments must not append, beyond {@link LIMIT_FACTOR} times it none
   * must. At least two segments. Default 1 GiB.
   */
  readonly limitBytes?: number;
  /** Recent entries of all groups that stay in memory. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** Makes the log's id and its salts; unpredictable outside of simulations. */
  readonly random: Random;
  /** Times the syncs. */
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Called once when the log breaks; the process should end. */
  readonly onBroken: (fault: Fault) => void;
}

/** Figures for the metrics page. */
export interface WalStats {
  readonly flushes: number;
  readonly syncLastMs: number;
  readonly syncMaxMs: number;
  readonly bytesWritten: number;
  /** Bytes of entries that were written again to free a segment. */
  readonly movedBytes: number;
  readonly segmentsFreed: number;
  readonly segments: number;
  readonly sizeBytes: number;
  readonly cachedBytes: number;
  readonly isBroken: boolean;
}

export const LIMIT_FACTOR = 2;
/** Entries of all groups that may wait for a flush; while there are more no group must append. */
export const STAGED_BYTES_MAX = 64 * 1024 * 1024;
export const SEGMENT_BYTES_DEFAULT = 64 * 1024 * 1024;
const SEGMENT_BYTES_MIN = 4 * 1024;
const SEGMENT_BYTES_MAX = 1024 * 1024 * 1024;
const LIMIT_BYTES_DEFAULT = 1024 * 1024 * 1024;
const CACHE_BYTES_DEFAULT = 64 * 1024 * 1024;

/** `options` with defaults. @throws {Fault} `invalid_argument` for sizes that cannot be. */
export function withDefaults(options: WalOptions): Required<WalOptions> {
  const {
    segmentBytes = SEGMENT_BYTES_DEFAULT,
    limitBytes = LIMIT_BYTES_DEFAULT,
    cacheBytes = CACHE_BYTES_DEFAULT,
  } = options;
  const isSize =
    segmentBytes % 8 === 0 && segmentBytes >= SEGMENT_BYTES_MIN && segmentBytes <= SEGMENT_BYTES_MAX;
  if (!isSize || limitBytes < 2 * segmentBytes || cacheBytes < 0)
    throw new Fault('invalid_argument', `segments of ${segmentBytes} bytes, ${limitBytes} in all`);
  return { ...options, segmentBytes, limitBytes, cacheBytes };
}
