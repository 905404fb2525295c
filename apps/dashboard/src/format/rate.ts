/**
 * Counters as rates per second. A counter that falls was reset: what it shows then was counted since (as
 * Prometheus' `rate` reads it).
 */

/** The rate between two readings; undefined when time did not go on. */
export function rateBetween(
  before: number,
  beforeSeconds: number,
  now: number,
  nowSeconds: number,
): number | undefined {
  const elapsed = nowSeconds - beforeSeconds;
  if (elapsed <= 0) return undefined;
  return (now >= before ? now - before : now) / elapsed;
}

/**
 * A counter's column as rates, one for each time; null at the first reading, at absent ones and after a gap
 * longer than `gapSeconds`, for a rate over a gap would be a guess.
 */
export function ratesOf(
  times: readonly number[],
  counter: readonly (number | null | undefined)[],
  gapSeconds: number,
): (number | null)[] {
  const rates: (number | null)[] = [];
  let before: { value: number; at: number } | undefined;
  for (let i = 0; i < times.length; i++) {
    const value = counter[i] ?? null;
    const at = times[i] as number;
    const usable = value !== null && before !== undefined && at - before.at <= gapSeconds;
    rates.push(usable && before ? (rateBetween(before.value, before.at, value, at) ?? null) : null);
    if (value !== null) before = { value, at };
  }
  return rates;
}
