import { afterAll, describe, expect, test } from 'vitest';
import { Walk } from '../cluster/walk.ts';

const SEEDS = Array.from({ length: 200 }, (_, i) => i + 1);
const STEPS = 1_500;

describe('on a random walk', () => {
  const events = new Map<string, number>();
  let walks = 0;

  // The invariants are checked after every step; see cluster/safety.ts.
  test.each(SEEDS)('no promise is broken, and the group comes to rest: seed %i', (seed) => {
    const walk = new Walk(seed);
    for (let step = 0; step < STEPS; step++) walk.step();
    expect(walk.rest() < Infinity || walk.mayStand).toBe(true);
    walks++;
    for (const [event, count] of Object.entries(walk.cluster.safety.events)) {
      events.set(event, (events.get(event) ?? 0) + count);
    }
  });

  // Walks past all dangers would prove nothing.
  afterAll(() => {
    const rare = [...events].filter(([, count]) => count < 20);
    if (walks === SEEDS.length) expect(rare).toEqual([]);
  });
});
