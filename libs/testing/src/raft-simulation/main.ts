/**
 * `nx run raft-node:simulate`: many lives of a Raft cluster, one per seed, on all cores. `--seeds N` (default
 * 2,000), `--from S` (default 1), `--seed S` for one, `--first` to stop at the first failure. Exits 1 when a
 * run breaks a promise, and when no run has tried one of the things that they are for.
 */
import { availableParallelism } from 'node:os';
import { argv, exit, stdout } from 'node:process';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { systemClock } from '@ringwatch/kernel/system';
import { simulateRaft, type SimulationCounters, type SimulationResult } from './simulate-raft.ts';

/** Counts without which the runs have not tried what they are for. */
const NEEDED = [
  'elections',
  'truncations',
  'snapshotInstalls',
  'configurationChanges',
  'tornWrites',
  'oneWayCuts',
] as const satisfies readonly (keyof SimulationCounters)[];

/** Every `step`-th seed from `from` on, before `to`. */
interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

if (isMainThread) exit(await simulateAll());
else simulateShare(workerData as Share);

function simulateShare({ from, to, step }: Share): void {
  // Refusals are made by the million here, and nobody looks where.
  Error.stackTraceLimit = 0;
  for (let seed = from; seed < to; seed += step) {
    parentPort?.postMessage(simulateRaft({ seed, clock: systemClock }), []);
  }
}

/** @returns the exit code. */
async function simulateAll(): Promise<number> {
  const { values } = parseArgs({
    args: argv.slice(2),
    options: {
      seeds: { type: 'string', default: '2000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      first: { type: 'boolean', default: false },
    },
  });
  const from = Number(values.seed ?? values.from);
  const seeds = values.seed === undefined ? Number(values.seeds) : 1;
  const totals = new Map<string, number>();
  let done = 0;
  let failed = 0;
  const beganMs = systemClock.monotonicMs();
  await simulateOnAllCores(from, from + seeds, ({ seed, counters, violation }) => {
    done++;
    for (const [name, value] of Object.entries(counters)) totals.set(name, (totals.get(name) ?? 0) + value);
    if (seeds === 1) stdout.write(`seed ${seed}: fingerprint ${counters.fingerprint}\n`);
    if (violation === undefined) return true;
    failed++;
    stdout.write(`seed ${seed}: ${violation}\n`);
    return !values.first;
  });
  const seconds = (systemClock.monotonicMs() - beganMs) / 1_000;
  totals.delete('fingerprint');
  stdout.write(`${[...totals].map(([name, value]) => `${name} ${value}`).join(', ')}\n`);
  const perSecond = Math.round((totals.get('events') ?? 0) / seconds);
  stdout.write(`${perSecond} events/s in ${seconds.toFixed(1)} s\n`);
  // One run, or one that was stopped, need not have tried everything.
  const untried = done < seeds || seeds === 1 ? [] : NEEDED.filter((name) => (totals.get(name) ?? 0) === 0);
  for (const name of untried) stdout.write(`no run had any ${name}\n`);
  stdout.write(`${done - failed} passed, ${failed + untried.length} failed\n`);
  return failed + untried.length === 0 ? 0 : 1;
}

/** Hands each result to `take` until all have come or it returns false. */
async function simulateOnAllCores(
  from: number,
  to: number,
  take: (result: SimulationResult) => boolean,
): Promise<void> {
  const step = Math.min(availableParallelism(), to - from);
  const workers = Array.from(
    { length: step },
    (_, i) => new Worker(new URL(import.meta.url), { workerData: { from: from + i, to, step } }),
  );
  const ends = workers.map(
    (worker) =>
      new Promise<void>((resolve, reject) => {
        worker.on('message', (result: SimulationResult) => {
          if (!take(result)) for (const other of workers) void other.terminate();
        });
        worker.once('error', reject);
        worker.once('exit', () => resolve());
      }),
  );
  await Promise.all(ends);
}
