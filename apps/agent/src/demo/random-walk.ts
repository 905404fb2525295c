/** Plausible movement for made-up hosts: seeded, so that a demo looks the same each time. Pure. */
import type { Random } from '@ringwatch/kernel';

/** A generator from a 32-bit seed (mulberry32, T. Ettinger). For show, not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let z = Math.imul(state ^ (state >>> 15), state | 1);
      z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
      return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

export interface WalkRange {
  readonly min: number;
  readonly max: number;
  /** Where it drifts back to. */
  readonly home: number;
  /** Largest step a second. */
  readonly step: number;
}

/** A value that wanders, is drawn home, and now and then jumps, as load does. */
export class RandomWalk {
  readonly #random: Random;
  readonly #range: WalkRange;
  #value: number;

  constructor(random: Random, range: WalkRange) {
    this.#random = random;
    this.#range = range;
    this.#value = range.home;
  }

  get value(): number {
    return this.#value;
  }

  /** Moves on by `seconds` and returns the new value. */
  advance(seconds: number): number {
    const { min, max, home, step } = this.#range;
    const jump = this.#random.next() < 0.004 * seconds ? 20 : 1;
    const wander = (this.#random.next() - 0.5) * 2 * step * jump * Math.sqrt(seconds);
    const pull = (home - this.#value) * Math.min(1, 0.02 * seconds);
    this.#value = Math.min(max, Math.max(min, this.#value + wander + pull));
    return this.#value;
  }
}
