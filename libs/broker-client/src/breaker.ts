/**
 * Circuit breaker of one broker: after {@link FAILURES_MAX} failures in a row it is left alone for a random 1
 * to 5 s, then one request probes it. The random part keeps many gateways from probing at once.
 */
import type { Clock, Random } from '@ringwatch/kernel';

export const FAILURES_MAX = 5;
const OPEN_MIN_MS = 1_000;
const OPEN_MAX_MS = 5_000;

export type BreakerState = 'closed' | 'open' | 'probing';

export class Breaker {
  readonly #clock: Clock;
  readonly #random: Random;
  #failures = 0;
  #openUntilMs = 0;
  #probing = false;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get state(): BreakerState {
    if (this.#failures < FAILURES_MAX) return 'closed';
    return this.#probing ? 'probing' : 'open';
  }

  /** Milliseconds until a request may go through; 0 when it may now. */
  get waitMs(): number {
    return this.state === 'closed' ? 0 : Math.max(0, this.#openUntilMs - this.#clock.monotonicMs());
  }

  /** True when a request may go through now; while open, only one at a time may. Its outcome must be told. */
  admit(): boolean {
    if (this.state === 'closed') return true;
    if (this.#probing || this.waitMs > 0) return false;
    this.#probing = true;
    return true;
  }

  succeed(): void {
    this.#failures = 0;
    this.#probing = false;
  }

  fail(): void {
    this.#failures++;
    this.#probing = false;
    if (this.#failures < FAILURES_MAX) return;
    this.#openUntilMs =
      this.#clock.monotonicMs() + OPEN_MIN_MS + this.#random.next() * (OPEN_MAX_MS - OPEN_MIN_MS);
  }
}
