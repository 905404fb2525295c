/**
 * The real twins of the kernel's ports, and the lock on a data folder. Adapters and apps import them by
 * `@ringwatch/kernel/system`; core rooms must not (lint), they take the ports as arguments.
 */
import { assert } from './assert.ts';
import { TIMER_MAX_MS, type Clock } from './clock.ts';
import type { Random } from './random.ts';

export { acquireFileLock } from './file-lock.ts';

/** The machine's clock: `Date.now`, `performance.now` and timers. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, fire) => {
    assert(delayMs >= 0 && delayMs <= TIMER_MAX_MS, `timer delay out of range: ${delayMs}`);
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

/** The engine's generator; for jitter, not for secrets. */
export const systemRandom: Random = { next: () => Math.random() };
