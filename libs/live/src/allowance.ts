/** A token bucket: `burst` at once, `perSecond` over a longer time. Time is an argument. */
export class Allowance {
  #left: number;
  #atMs = 0;

  constructor(
    readonly burst: number,
    readonly perSecond: number,
  ) {
    this.#left = burst;
  }

  /** Takes one if there is one. */
  take(nowMs: number): boolean {
    const earned = ((nowMs - this.#atMs) / 1_000) * this.perSecond;
    this.#left = Math.min(this.burst, this.#left + earned);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** How long after a refusal there is one again, milliseconds. */
  get waitMs(): number {
    return Math.ceil(((1 - Math.min(1, this.#left)) / this.perSecond) * 1_000);
  }
}
