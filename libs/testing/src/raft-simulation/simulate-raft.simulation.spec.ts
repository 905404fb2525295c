import { systemClock } from '@ringwatch/kernel/system';
import { expect, test } from 'vitest';
import { simulateRaft, type SimulationCounters, type SimulationResult } from './simulate-raft.ts';

const SEEDS = Array.from({ length: 50 }, (_, i) => i + 1);
const results: SimulationResult[] = [];

test.each(SEEDS)('a cluster that fails in every way keeps its promises, seed %i', (seed) => {
  const result = simulateRaft({ seed, clock: systemClock });
  results.push(result);
  expect(result.violation, `seed ${seed}`).toBeUndefined();
  expect(result.counters.events).toBeGreaterThanOrEqual(10_000);
  expect(result.counters.operations).toBeGreaterThanOrEqual(200);
});

test.each([
  'elections',
  'truncations',
  'snapshotInstalls',
  'configurationChanges',
  'tornWrites',
  'oneWayCuts',
] as const satisfies readonly (keyof SimulationCounters)[])('the runs have tried %s', (counter) => {
  expect(results.reduce((sum, { counters }) => sum + counters[counter], 0)).toBeGreaterThan(0);
});

test('a seed gives the same run, event by event', () => {
  const [once, again] = [7, 7].map((seed) => simulateRaft({ seed, clock: systemClock }));
  expect(again).toEqual(once);
});
