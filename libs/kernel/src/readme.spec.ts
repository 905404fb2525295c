import { expect, test } from 'vitest';
import { FakeClock, SeededRandom } from './fake.ts';
import { backoffMs, Fault, sleep, toFault, type Clock, type Random } from './index.ts';

/** Tries until `attempt` succeeds or fails for good. */
async function retry<T>(attempt: () => Promise<T>, clock: Clock, random: Random): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      const fault = toFault(error, 'unavailable');
      if (!fault.retryable) throw fault;
      await sleep(clock, fault.retryAfterMs ?? backoffMs(random, failures, 100, 5_000));
    }
  }
}

test('the example of the README does what it says', async () => {
  const clock = new FakeClock();
  let calls = 0;
  const answer = retry(
    async () => {
      if (++calls < 3)
        throw new Fault('unavailable', 'not yet', { reason: 'draining', retryAfterMs: 60_000 });
      return 'done';
    },
    clock,
    new SeededRandom(1),
  );
  await clock.advance(119_999);
  expect(calls).toBe(2);
  await clock.advance(1);
  expect(await answer).toBe('done');
});
