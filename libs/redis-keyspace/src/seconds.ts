/**
 * Times as they stand in keys and fields: Unix seconds in plain decimals, with a fraction only where the time
 * has one (`1700000000`, `1700000000.25`), never with an exponent, so that any consumer can build the key of
 * a report by hand.
 */
import { Fault } from '@ringwatch/kernel';

/** The year 5138. What lies beyond is a time in milliseconds, sent by mistake. */
export const SECONDS_MAX = 1e11;
/** Below this JavaScript prints an exponent. */
const FRACTION_MIN = 1e-6;
const PLAIN = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;

/**
 * `seconds` in plain decimals; equal numbers and only those give equal text.
 * @throws {Fault} `invalid_argument` unless it is 0 or lies in [1e-6, {@link SECONDS_MAX}].
 */
export function formatSeconds(seconds: number): string {
  const plain = seconds === 0 || (seconds >= FRACTION_MIN && seconds <= SECONDS_MAX);
  if (!plain) {
    throw new Fault('invalid_argument', `not a Unix time in seconds: ${seconds}`, {
      reason: 'timestamp_out_of_range',
    });
  }
  return String(seconds); // String(-0) is '0' too.
}

/** The number that formats to `text`, or undefined when none does. */
export function parseSeconds(text: string): number | undefined {
  if (!PLAIN.test(text)) return undefined;
  const seconds = Number(text);
  return seconds <= SECONDS_MAX && String(seconds) === text ? seconds : undefined;
}

/** `2026-11-20`: the UTC day that `seconds` falls into. */
export function utcDay(seconds: number): string {
  return new Date(Math.floor(seconds) * 1_000).toISOString().slice(0, 10);
}
