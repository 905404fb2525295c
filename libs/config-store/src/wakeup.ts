/** A loop's pause that can be cut short; a wake-up that comes while the loop works is not lost. */
import type { Clock } from '@ringwatch/kernel';

export class Wakeup {
  readonly #clock: Clock;
  #pending = false;
  #end: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the pause, or the next one at its beginning. */
  wake(): void {
    this.#pending = true;
    this.#end?.();
  }

  /** Resolves after `pauseMs`, at a {@link wake}, or when the signal aborts. */
  wait(pauseMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(pauseMs, () => end());
      const end = (): void => {
        cancel();
        signal.removeEventListener('abort', end);
        this.#end = undefined;
        this.#pending = false;
        resolve();
      };
      this.#end = end;
      signal.addEventListener('abort', end, { once: true });
      if (this.#pending || signal.aborted) end();
    });
  }
}
