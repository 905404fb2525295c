import { describe, expect, test } from 'vitest';
import { FakeClock } from '@ringwatch/kernel/fake';
import { sampleEvery } from './sampler.ts';

const START_MS = 1_700_000_000_000;

/** Starts a loop and remembers what it measured. */
function scene(startMs: number, intervalMs = 1_000) {
  const clock = new FakeClock(startMs);
  const abort = new AbortController();
  const measured: { timestamp: number; seconds: number }[] = [];
  const ended = sampleEvery(intervalMs, clock, abort.signal, async (timestamp, seconds) => {
    measured.push({ timestamp, seconds });
  });
  return { clock, measured, stop: () => (abort.abort(), ended) };
}

const stampsOf = (measured: readonly { timestamp: number }[]): number[] =>
  measured.map((each) => each.timestamp - START_MS / 1_000);

describe('sampling', () => {
  test('falls on multiples of the interval, wherever it was started', async () => {
    const { clock, measured, stop } = scene(START_MS + 437);
    await clock.advance(3_600);
    await stop();
    expect(stampsOf(measured)).toEqual([1, 2, 3, 4]);
    expect(clock.pending).toBe(0);
  });

  test('an interval below a second gives fractions', async () => {
    const { clock, measured, stop } = scene(START_MS, 250);
    await clock.advance(1_000);
    await stop();
    expect(stampsOf(measured)).toEqual([0.25, 0.5, 0.75, 1]);
  });

  test('a small step back of the clock never repeats a timestamp', async () => {
    const { clock, measured, stop } = scene(START_MS);
    await clock.advance(5_000);
    clock.jumpWall(-3_000);
    await clock.advance(5_000);
    await stop();
    expect(stampsOf(measured)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(measured[5]?.seconds).toBe(4);
  });

  test('a clock that was set right by an hour goes on at once', async () => {
    const { clock, measured, stop } = scene(START_MS);
    await clock.advance(2_000);
    clock.jumpWall(-3_600_000);
    await clock.advance(2_000);
    await stop();
    expect(stampsOf(measured)).toEqual([1, 2, -3_597, -3_596]);
  });
});
