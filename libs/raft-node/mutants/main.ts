/**
 * `nx run raft-node:mutants`: are the tests worth anything? Bugs that Raft implementations really had are
 * planted one at a time in a scratch copy, and each has to be found within ten minutes: by a conformance
 * scenario, of our own or of the folder `RAFT_CONFORMANCE_DIR`, or by the life of a simulated cluster, whose
 * seed is printed. The copy without a bug has to pass first, or nothing is shown.
 *
 * `--bug ID` for one, `--minutes M` for other patience, `--seeds N` of the copy without a bug (default 300),
 * `--keep` to leave the copies where they are.
 */
import { env, exit, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '@ringwatch/kernel/system';
import { failedScenarios, firstFailedLife } from './hunt.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import { ScratchCopy } from './scratch-copy.ts';

const SIMULATOR = 'libs/testing/src/raft-simulation/simulate-raft.ts';
const CONFORMANCE = 'libs/raft/conformance/main.ts';
const OWN_SCENARIOS = fileURLToPath(new URL('../../raft/testdata', import.meta.url));
const SCENARIOS_NAMED_MAX = 3;
/** How long simulated lives are tried when a scenario has found the bug already. */
const LIVES_BESIDE_MS_MAX = 60_000;

const { values } = parseArgs({
  options: {
    bug: { type: 'string' },
    minutes: { type: 'string', default: '10' },
    seeds: { type: 'string', default: '300' },
    keep: { type: 'boolean', default: false },
  },
});
const budgetMs = Number(values.minutes) * 60_000;
const others = env['RAFT_CONFORMANCE_DIR'] ?? '';
const scenarioFolders = [OWN_SCENARIOS, ...(others === '' ? [] : [others])];

/** What was found in a copy, as a line to print; undefined when nothing was. */
async function search(bug: PlantedBug | undefined, seeds: number): Promise<string | undefined> {
  const copy = new ScratchCopy(bug);
  try {
    const conformance = await copy.bundle(CONFORMANCE);
    const scenarios: string[] = [];
    for (const folder of scenarioFolders) scenarios.push(...(await failedScenarios(conformance, folder)));
    const beganMs = systemClock.monotonicMs();
    const livesMs = scenarios.length > 0 ? Math.min(budgetMs, LIVES_BESIDE_MS_MAX) : budgetMs;
    const simulator = await copy.bundle(SIMULATOR);
    const { failed, lives } = await firstFailedLife(simulator, { count: seeds, budgetMs: livesMs });
    const seconds = ((systemClock.monotonicMs() - beganMs) / 1_000).toFixed(1);
    const found = [
      ...(scenarios.length > 0 ? [`conformance: ${named(scenarios)}`] : []),
      ...(failed === undefined ? [] : [`seed ${failed.seed} after ${seconds} s: ${failed.violation}`]),
    ];
    if (failed === undefined) stdout.write(`  ${lives} lives passed in ${seconds} s\n`);
    return found.length === 0 ? undefined : found.join('\n  ');
  } finally {
    if (values.keep) stdout.write(`  ${copy.folder}\n`);
    else copy.remove();
  }
}

function named(scenarios: readonly string[]): string {
  const shown = scenarios.slice(0, SCENARIOS_NAMED_MAX).join(', ');
  const rest = scenarios.length - SCENARIOS_NAMED_MAX;
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

const bugs = PLANTED_BUGS.filter(({ id }) => values.bug === undefined || id === values.bug);
if (bugs.length === 0) throw new Error(`no bug has the number ${values.bug}`);
if (others === '') stdout.write('RAFT_CONFORMANCE_DIR names no folder: of the scenarios only ours are run\n');

let failed = 0;
stdout.write('the copy without a bug\n');
const wrong = await search(undefined, Number(values.seeds));
if (wrong !== undefined) {
  stdout.write(`  ${wrong}\n`);
  failed++;
}
for (const bug of bugs) {
  stdout.write(`bug ${bug.id}: ${bug.title}\n`);
  const found = await search(bug, Number.MAX_SAFE_INTEGER);
  stdout.write(`  ${found ?? 'NOT FOUND'}\n`);
  if (found === undefined) failed++;
}
const total = bugs.length + 1;
stdout.write(`${total - failed} passed, ${failed} failed\n`);
exit(failed === 0 ? 0 : 1);
