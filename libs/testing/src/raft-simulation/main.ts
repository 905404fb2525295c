/**
 * `nx run raft-node:simulate`: many lives of a Raft cluster, one per seed, until all have passed or one has
 * shown a bug. `--seeds N` (default 2,000), `--from S` (default 1), `--seed S` for one run.
 */
import { argv, exit, stdout } from 'node:process';
import { parseArgs } from 'node:util';
import { systemClock } from '@ringwatch/kernel/system';
import { simulateRaft, type SimulationCounters } from './simulate-raft.ts';

/** Counts without which the runs have not tried what they are for. */
const NEEDED = [
  'elections',
  'truncations',
  'snapshotInstalls',
  'configurationChanges',
  'tornWrites',
  'oneWayCuts',
] as const satisfies readonly (keyof SimulationCounters)[];

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
});
const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;

const totals = new Map<string, number>();
const beganMs = systemClock.monotonicMs();
let failed = 0;
for (let seed = from; seed < from + count; seed++) {
  const { counters, violation } = simulateRaft({ seed, clock: systemClock });
  for (const [name, value] of Object.entries(counters)) totals.set(name, (totals.get(name) ?? 0) + value);
  if (count === 1) stdout.write(`seed ${seed}: fingerprint ${counters.fingerprint}\n`);
  if (violation === undefined) continue;
  failed++;
  stdout.write(`seed ${seed}: ${violation}\n`);
}
const seconds = (systemClock.monotonicMs() - beganMs) / 1_000;
totals.delete('fingerprint');
stdout.write(`${[...totals].map(([name, value]) => `${name} ${value}`).join(', ')}\n`);
stdout.write(`${Math.round((totals.get('events') ?? 0) / seconds)} events/s in ${seconds.toFixed(1)} s\n`);
const untried = count === 1 ? [] : NEEDED.filter((name) => (totals.get(name) ?? 0) === 0);
for (const name of untried) stdout.write(`no run had any ${name}\n`);
stdout.write(`${count - failed} passed, ${failed + untried.length} failed\n`);
exit(failed + untried.length === 0 ? 0 : 1);
