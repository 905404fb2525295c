/** Looks for the bug in a copy: first by the scenarios of the conformance suite, then by simulated lives. */
import { execFile, fork } from 'node:child_process';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Life } from './life-runner.ts';

/** A life that failed. */
export interface FailedLife {
  readonly seed: number;
  readonly violation: string;
}

const SCENARIOS_MS_MAX = 60_000;
/** A life takes less than a second; one that takes so long will not end. */
const LIFE_MS_MAX = 120_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const runner = fileURLToPath(new URL('life-runner.ts', import.meta.url));

/** Runs the scenarios of `folder` by a bundle of the conformance program. @returns the files that failed. */
export function failedScenarios(bundle: string, folder: string): Promise<string[]> {
  const options = {
    env: { ...env, RAFT_CONFORMANCE_DIR: folder },
    timeout: SCENARIOS_MS_MAX,
    maxBuffer: OUTPUT_BYTES_MAX,
    killSignal: 'SIGKILL',
  } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [bundle], options, (error, stdout) => {
      const failed = [...stdout.matchAll(/^(\w+\/[\w.-]+\.txt): line/gm)].map(([, file = '']) => file);
      resolve(error === null || failed.length > 0 ? failed : ['the scenarios as a whole']);
    });
  });
}

/**
 * Lives the clusters of seeds 1 to `count` in a bundle of the simulator, until one fails or the time is over.
 */
export function firstFailedLife(
  bundle: string,
  { count, budgetMs }: { readonly count: number; readonly budgetMs: number },
): Promise<{ readonly failed: FailedLife | undefined; readonly lives: number }> {
  return new Promise((resolve, reject) => {
    const child = fork(runner, [bundle, '1', `${count}`], { execArgv: ['--conditions=@ringwatch/source'] });
    let lives = 0;
    let failed: FailedLife | undefined;
    let stopped = false;
    const stop = (): void => {
      stopped = true;
      child.kill('SIGKILL');
    };
    const stuck = (): void => {
      failed = { seed: lives + 1, violation: `the life has not ended within ${LIFE_MS_MAX / 1_000} s` };
      stop();
    };
    const budget = setTimeout(stop, budgetMs);
    let patience = setTimeout(stuck, LIFE_MS_MAX);
    child.on('message', ({ seed, violation }: Life) => {
      lives++;
      clearTimeout(patience);
      patience = setTimeout(stuck, LIFE_MS_MAX);
      if (violation !== undefined) failed = { seed, violation };
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(budget);
      clearTimeout(patience);
      if (code === 0 || stopped) resolve({ failed, lives });
      else reject(new Error(`the simulator ended with ${code} after ${lives} lives`));
    });
  });
}
