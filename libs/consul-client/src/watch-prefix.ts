/**
 * Follows everything under a prefix over any {@link KvStore}, for as long as its signal lives.
 *
 * 1. The first listing is delivered at once, then every change, once. A listing equal to the last one is not
 *    delivered.
 * 2. After a failure, and when the index goes back, it asks again without an index: whoever answers may have
 *    lost its state, and a wait for an index that this state has not reached yet would miss changes.
 * 3. A query that does not settle within 1.5 times its wait is given up; nothing stops the watch but its
 *    signal.
 * 4. Attempts are spaced by jittered backoff of at most 2 s, and answers without news by a pause: no hot
 *    loop.
 * 5. A listener that throws counts as a failure and gets the same listing again.
 */
import { backoffMs, Fault, sleep, toFault, type Clock, type Random } from '@ringwatch/kernel';
import { systemClock, systemRandom } from '@ringwatch/kernel/system';
import type { KvListing, KvStore } from './kv-store.ts';

const WAIT_MS = 10_000;
const WATCHDOG_FACTOR = 1.5;
const WATCHDOG_MIN_MS = 3_000;
const BACKOFF_BASE_MS = 100;
const BACKOFF_MAX_MS = 2_000;
const QUIET_PAUSE_MS = 50;

/** What a watch tells its owner. */
export interface KvListener {
  /** The first listing, and each that differs from the one before; awaited before the next query. */
  readonly onListing: (listing: KvListing) => void | Promise<void>;
  /** The store answered, with or without news. */
  readonly onContact?: () => void;
  /** An attempt failed; the watch goes on. */
  readonly onFault?: (fault: Fault) => void;
}

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** How long one query waits for a change, milliseconds. Default 10,000. */
  readonly waitMs?: number;
  /** Default the machine's. */
  readonly clock?: Clock;
  /** Default the machine's. */
  readonly random?: Random;
}

/** Watches `prefix` until the signal aborts; never rejects. */
export async function watchPrefix(
  kv: KvStore,
  prefix: string,
  listener: KvListener,
  options: WatchOptions,
): Promise<void> {
  const { signal, waitMs = WAIT_MS, clock = systemClock, random = systemRandom } = options;
  let index: number | undefined;
  let delivered: KvListing | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const listing = await listWithin(kv, prefix, index, waitMs, clock, signal);
      listener.onContact?.();
      const wentBack: boolean = index !== undefined && listing.index < index;
      if (delivered === undefined || !sameEntries(delivered, listing)) {
        await listener.onListing(listing);
        delivered = listing;
      } else {
        await sleep(clock, QUIET_PAUSE_MS, signal);
      }
      index = wentBack ? undefined : Math.max(1, listing.index); // 0 would not wait at all.
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      index = undefined;
      listener.onFault?.(toFault(error, 'unavailable'));
      await sleep(clock, backoffMs(random, failures++, BACKOFF_BASE_MS, BACKOFF_MAX_MS), signal);
    }
  }
}

/** One query under the watchdog of invariant 3. */
async function listWithin(
  kv: KvStore,
  prefix: string,
  index: number | undefined,
  waitMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<KvListing> {
  const attempt = new AbortController();
  const abort = (): void => attempt.abort();
  signal.addEventListener('abort', abort, { once: true });
  let cancelWatchdog = (): void => undefined;
  const silence = new Promise<never>((_, reject) => {
    const limitMs = Math.max(waitMs * WATCHDOG_FACTOR, WATCHDOG_MIN_MS);
    cancelWatchdog = clock.after(limitMs, () => {
      reject(new Fault('unavailable', `no answer within ${limitMs} ms`, { reason: 'watch_silent' }));
    });
    attempt.signal.addEventListener('abort', () => reject(new Fault('cancelled', 'the watch ended')), {
      once: true,
    });
  });
  try {
    const query = kv.list(prefix, {
      waitMs,
      signal: attempt.signal,
      ...(index === undefined ? {} : { index }),
    });
    return await Promise.race([query, silence]);
  } finally {
    cancelWatchdog();
    signal.removeEventListener('abort', abort);
    attempt.abort(); // Ends a query that the watchdog gave up.
    silence.catch(() => undefined);
  }
}

function sameEntries(a: KvListing, b: KvListing): boolean {
  if (a.entries.length !== b.entries.length) return false;
  return a.entries.every((one, at) => {
    const other = b.entries[at];
    // The value too: a server that lost its state may give another value the same index.
    return one.key === other?.key && one.modifyIndex === other.modifyIndex && one.value.equals(other.value);
  });
}
