/**
 * When to measure: on every multiple of the interval of wall time, so that reports of all hosts line up.
 *
 * 1. One measurement at a time; a slow one makes the next ones wait for their turn, never overlap.
 * 2. No timestamp twice, for (host, timestamp) is the key of a report: after a small step back of the system
 *    clock, measurements pause until it has caught up.
 */
import { sleep, type Clock } from '@ringwatch/kernel';

/** A greater step back is a clock that was set right; time then goes on from there. */
const STEP_BACK_MAX_MS = 60_000;

/** Calls `measure` with Unix seconds until `signal` aborts. What `measure` throws ends the loop. */
export async function sampleEvery(
  intervalMs: number,
  clock: Clock,
  signal: AbortSignal,
  measure: (timestamp: number, seconds: number) => Promise<void>,
): Promise<void> {
  let lastMs = Number.NEGATIVE_INFINITY;
  let lastMonotonicMs = clock.monotonicMs() - intervalMs;
  while (!signal.aborted) {
    await sleep(clock, Math.ceil(intervalMs - (clock.nowMs() % intervalMs)), signal);
    const slotMs = Math.floor(clock.nowMs() / intervalMs) * intervalMs;
    if (signal.aborted || (slotMs <= lastMs && lastMs - slotMs < STEP_BACK_MAX_MS)) continue;
    const seconds = (clock.monotonicMs() - lastMonotonicMs) / 1_000;
    lastMs = slotMs;
    lastMonotonicMs = clock.monotonicMs();
    await measure(slotMs / 1_000, seconds);
  }
}
