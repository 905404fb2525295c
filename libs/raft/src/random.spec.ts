import { expect, test } from 'vitest';
import { Walk } from '../cluster/walk.ts';

const SEEDS = Array.from({ length: 300 }, (_, i) => 1 + i);
const STEPS = 600;

test.each(SEEDS)('no promise is broken on a random walk, and the group comes to rest: seed %i', (seed) => {
  const walk = new Walk(seed);
  for (let step = 0; step < STEPS; step++) walk.step();
  const { cluster } = walk;
  cluster
    .restart(...cluster.members.filter(({ up }) => !up).map(({ id }) => id))
    .settle()
    .pass(60);
  expect(cluster.leader).toBeDefined();
});
