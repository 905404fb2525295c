/**
 * The ordeals of the process tests, as often as is asked for: a paused follower, a busy main thread, kill -9
 * under load, a failing disk. Prints a line each and ends in `N passed, N failed`.
 *
 * usage: npm run bench -- raft-ordeals [PAUSES [KILLS]]
 */
import { argv, exit } from 'node:process';
import { RaftCluster } from '../src/raft/raft-cluster.ts';
import {
  blockMainThread,
  failSync,
  killUnderLoad,
  pauseFollower,
  type Undisturbed,
} from '../src/raft/raft-ordeals.ts';
import { ensureProgram } from '../src/system.ts';

const pauses = Number(argv[2] ?? 20);
const kills = Number(argv[3] ?? 50);
let passed = 0;
let failed = 0;

await undisturbed('a follower stopped for 3 s', pauseFollower);
await undisturbed('main threads busy for 3 s', blockMainThread);
await attempt(`${kills} rounds of kill -9 under load`, () => killUnderLoad(kills, 1));
await attempt('EIO from fdatasync', async () => failSync(await ensureProgram('strace')));
console.log(`${passed} passed, ${failed} failed`);
exit(failed === 0 ? 0 : 1);

async function undisturbed(
  name: string,
  ordeal: (cluster: RaftCluster) => Promise<Undisturbed>,
): Promise<void> {
  await attempt(`${name}, ${pauses} times`, async () => {
    const cluster = await RaftCluster.start();
    let changed = 0;
    for (let i = 0; i < pauses; i++) {
      const { term, termsAfter } = await ordeal(cluster);
      if (termsAfter.some((after) => after !== term)) changed++;
    }
    await cluster.stop();
    if (changed > 0) throw new Error(`the term changed ${changed} times`);
    return { termChanges: changed };
  });
}

async function attempt(name: string, run: () => Promise<object>): Promise<void> {
  try {
    console.log(JSON.stringify({ bench: 'raft-ordeals', name, ...(await run()) }));
    passed++;
  } catch (error) {
    console.log(`${name}: ${String(error)}`);
    failed++;
  }
}
