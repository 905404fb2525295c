import { describe, expect, test } from 'vitest';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import { Breaker, FAILURES_MAX } from './breaker.ts';
import { RetryBudget } from './retry-budget.ts';

function broken(): { clock: FakeClock; breaker: Breaker } {
  const clock = new FakeClock();
  const breaker = new Breaker(clock, new SeededRandom(1));
  for (let i = 0; i < FAILURES_MAX; i++) breaker.fail();
  return { clock, breaker };
}

describe('breaker', () => {
  test('a success between failures keeps it closed', () => {
    const breaker = new Breaker(new FakeClock(), new SeededRandom(1));
    for (let i = 0; i < 20; i++) {
      for (let failure = 1; failure < FAILURES_MAX; failure++) breaker.fail();
      breaker.succeed();
    }
    expect(breaker.state).toBe('closed');
  });

  test('five failures in a row open it for one to five seconds', () => {
    const { breaker } = broken();
    expect(breaker.admit()).toBe(false);
    expect(breaker.waitMs).toBeGreaterThanOrEqual(1_000);
    expect(breaker.waitMs).toBeLessThanOrEqual(5_000);
  });

  test('then one request probes it, and its success closes it', async () => {
    const { clock, breaker } = broken();
    await clock.advance(5_000);
    expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
    breaker.succeed();
    expect([breaker.state, breaker.admit(), breaker.admit()]).toEqual(['closed', true, true]);
  });

  test('a failed probe opens it again', async () => {
    const { clock, breaker } = broken();
    await clock.advance(5_000);
    breaker.admit();
    breaker.fail();
    expect([breaker.state, breaker.admit()]).toEqual(['open', false]);
  });
});

test('retries are a tenth of requests after the reserve of ten', () => {
  const budget = new RetryBudget();
  let retries = 0;
  for (let i = 0; i < 1_000; i++) {
    budget.request();
    if (budget.spend()) retries++;
  }
  expect(retries).toBeGreaterThanOrEqual(100);
  expect(retries).toBeLessThanOrEqual(111);
});
