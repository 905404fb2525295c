/**
 * The test twins of the kernel's ports: time that moves only when told to, randomness that a seed replays, a
 * logger that remembers. Any package's tests may use them by `@ringwatch/kernel/fake`.
 */
import { assert } from './assert.ts';
import { TIMER_MAX_MS, type Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { Random } from './random.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that stands still until {@link FakeClock.advance} moves it and fires what became due, in order. */
export class FakeClock implements Clock {
  #monotonicMs = 0;
  #wallMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** @param startMs wall time at the start, milliseconds since the Unix epoch. */
  constructor(startMs = 1_700_000_000_000) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, fire: () => void): () => void {
    assert(delayMs >= 0 && delayMs <= TIMER_MAX_MS, `timer delay out of range: ${delayMs}`);
    const timer: Timer = { atMs: this.#monotonicMs + delayMs, order: this.#order++, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves both times by `ms`, firing every timer that becomes due, and lets promises settle between timers.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms;
    await settle();
    for (let timer = this.#nextDue(untilMs); timer !== undefined; timer = this.#nextDue(untilMs)) {
      this.#moveTo(timer.atMs);
      this.#timers.delete(timer);
      timer.fire();
      await settle();
    }
    this.#moveTo(untilMs);
  }

  /** Moves wall time alone, as an operator or NTP would. */
  jumpWall(ms: number): void {
    this.#wallMs += ms;
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }

  #nextDue(untilMs: number): Timer | undefined {
    let due: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs) continue;
      if (due === undefined || timer.atMs < due.atMs || (timer.atMs === due.atMs && timer.order < due.order))
        due = timer;
    }
    return due;
  }
}

/** Lets everything that is already resolved run on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Deterministic generator from a 32-bit seed (mulberry32, public domain, T. Ettinger). */
export class SeededRandom implements Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  }
}

/** One remembered log line. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly fields: object;
  readonly message: string;
}

/** A logger that keeps its lines for the test to look at. */
export class MemoryLogger implements Logger {
  readonly lines: LogLine[] = [];
  debug = (fields: object, message: string): void =>
    void this.lines.push({ level: 'debug', fields, message });
  info = (fields: object, message: string): void => void this.lines.push({ level: 'info', fields, message });
  warn = (fields: object, message: string): void => void this.lines.push({ level: 'warn', fields, message });
  error = (fields: object, message: string): void =>
    void this.lines.push({ level: 'error', fields, message });
}
