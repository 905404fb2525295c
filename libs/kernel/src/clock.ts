/**
 * Time as a port. Wall time is for display and for what users send; every timer, lease and deadline uses
 * monotonic time, which a change of the system clock cannot move.
 */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. May jump. */
  nowMs(): number;
  /** Monotonic time in milliseconds from an arbitrary origin. Never goes back. */
  monotonicMs(): number;
  /**
   * Calls `fire` once after `delayMs`; the returned function cancels it. Delays above {@link TIMER_MAX_MS}
   * are refused.
   */
  after(delayMs: number, fire: () => void): () => void;
}

/** Node fires a longer timer after 1 ms instead of never, so both twins refuse it. */
export const TIMER_MAX_MS = 2 ** 31 - 1;

/** Resolves after `delayMs`, or as soon as `signal` aborts; never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
