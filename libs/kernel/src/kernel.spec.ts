import { describe, expect, test } from 'vitest';
import { FakeClock, SeededRandom } from './fake.ts';
import {
  assert,
  AssertionError,
  backoffMs,
  Fault,
  isRetryable,
  FAULT_CODES,
  sleep,
  TIMER_MAX_MS,
  toFault,
} from './index.ts';
import { systemClock } from './system.ts';

describe('fault', () => {
  test('carries its code in the message and without it in the detail', () => {
    const fault = new Fault('not_found', 'no host web-1');
    expect(fault.message).toBe('[not_found] no host web-1');
    expect(fault.detail).toBe('no host web-1');
  });

  test('only a busy or missing peer and a lost race are retryable', () => {
    expect(FAULT_CODES.filter(isRetryable)).toEqual(['resource_exhausted', 'aborted', 'unavailable']);
  });

  test('toFault keeps a fault and wraps anything else with its cause', () => {
    const fault = new Fault('aborted', 'lost');
    expect(toFault(fault)).toBe(fault);
    const cause = new TypeError('boom');
    expect(toFault(cause)).toMatchObject({ code: 'internal', cause });
  });
});

test('assert throws only when its condition is false', () => {
  expect(() => assert(true, 'fine')).not.toThrow();
  expect(() => assert(0, 'zero')).toThrow(AssertionError);
});

describe('clock', () => {
  test.each([
    { title: 'system', clock: systemClock },
    { title: 'fake', clock: new FakeClock() },
  ])('$title refuses a delay that Node would fire at once', ({ clock }) => {
    expect(() => clock.after(TIMER_MAX_MS + 1, () => undefined)).toThrow(AssertionError);
  });

  test('fake fires due timers in order of time, then of creation', async () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    clock.after(20, () => fired.push('late'));
    clock.after(10, () => fired.push('first'));
    clock.after(10, () => fired.push('second'));
    await clock.advance(15);
    expect(fired).toEqual(['first', 'second']);
    expect(clock.pending).toBe(1);
  });

  test('a jump of the wall clock moves no timer', async () => {
    const clock = new FakeClock();
    let fired = false;
    clock.after(10, () => (fired = true));
    clock.jumpWall(3_600_000);
    await clock.advance(9);
    expect(fired).toBe(false);
  });

  test('sleep ends at once when its signal aborts and leaves no timer', async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const slept = sleep(clock, 1_000, abort.signal);
    abort.abort();
    await slept;
    expect(clock.pending).toBe(0);
  });
});

test('a seed replays the same sequence, and another seed another one', () => {
  const draw = (seed: number): number[] => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 5 }, () => random.next());
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test('backoff stays below its cap however many attempts were made', () => {
  const random = new SeededRandom(1);
  for (let attempt = 0; attempt < 2_000; attempt++)
    expect(backoffMs(random, attempt, 50, 2_000)).toBeLessThan(2_000);
});
