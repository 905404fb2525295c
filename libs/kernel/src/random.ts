/** Randomness as a port: real in processes, seeded in tests and simulations. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/** Uniform integer in [0, bound). */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

/**
 * Full-jitter exponential backoff: uniform in [0, min(maxMs, baseMs · 2^attempt)), attempt counted from 0
 * (M. Brooker, "Exponential backoff and jitter").
 */
export function backoffMs(random: Random, attempt: number, baseMs: number, maxMs: number): number {
  return random.next() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
}
