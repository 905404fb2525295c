import { expect, test } from 'vitest';
import { ensureProgram } from '../system.ts';
import { blockMainThread, failover, failSync, killUnderLoad, pauseFollower } from './raft-ordeals.ts';
import { RaftCluster } from './raft-cluster.ts';

/** Seconds that CI may need where a desk needs one are in the timeouts: 3 × what is promised. */
const KILL_MS_MAX = 3 * 400;
const STOP_MS_MAX = 3 * 1_600;

test('a follower that is paused, a main thread that is busy, do not cost the group its leader', async () => {
  const cluster = await RaftCluster.start();
  try {
    for (const ordeal of [pauseFollower, blockMainThread]) {
      const { term, termsAfter } = await ordeal(cluster);
      expect(termsAfter).toEqual([term, term, term]);
    }
  } finally {
    await cluster.stop();
  }
});

test('three processes survive kill -9 under load, with a linearizable history', async () => {
  const { acknowledged } = await killUnderLoad(5, 1);
  expect(acknowledged).toBeGreaterThan(100);
});

test('a member whose disk fails acknowledges nothing more and ends, and nothing is lost', async () => {
  const { acknowledged } = await failSync(await ensureProgram('strace'));
  expect(acknowledged).toBeGreaterThan(10);
});

test('another leader acknowledges writes soon after the leader is killed or stops', async () => {
  const cluster = await RaftCluster.start();
  try {
    expect(await failover(cluster, 'SIGKILL')).toBeLessThan(KILL_MS_MAX);
    expect(await failover(cluster, 'SIGSTOP')).toBeLessThan(STOP_MS_MAX);
  } finally {
    await cluster.stop();
  }
});
