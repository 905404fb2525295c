/**
 * What three real processes are put through. Each takes how often, so that the tests can do it a few times
 * and the bench as often as is asked for; each throws when the group breaks a promise.
 */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBelow, toFault } from '@ringwatch/kernel';
import { systemClock } from '@ringwatch/kernel/system';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { checkLinearizability, describeVerdict, keyValueModel } from '@ringwatch/testing';
import { RaftCluster, type Member } from './raft-cluster.ts';
import { RaftLoad } from './raft-load.ts';

const PAUSE_MS = 3_000;
const SETTLE_MS = 500;
const HISTORY_BUDGET_MS = 60_000;
const CLIENTS = 6;
/** Counts as an outage that ends when a write is acknowledged again. */
const WRITE_RETRY_MS = 2;
const OUTAGE_MS_MAX = 20_000;

/** The term before something that should not have mattered, and the terms that members were in after it. */
export interface Undisturbed {
  readonly term: number;
  readonly termsAfter: readonly number[];
}

/** A follower that does not run for 3 s must not cost the group its leader when it is back. */
export function pauseFollower(cluster: RaftCluster): Promise<Undisturbed> {
  return disturb(cluster, async (follower) => {
    follower.signal('SIGSTOP');
    await sleep(PAUSE_MS);
    follower.signal('SIGCONT');
  });
}

/** A process whose main thread is busy for 3 s goes on being a member, whatever its role. */
export function blockMainThread(cluster: RaftCluster): Promise<Undisturbed> {
  return disturb(cluster, async (follower, leader) => {
    await Promise.all([follower, leader].map((member) => member.call({ kind: 'block', ms: PAUSE_MS })));
  });
}

async function disturb(
  cluster: RaftCluster,
  how: (follower: Member, leader: Member) => Promise<void>,
): Promise<Undisturbed> {
  const leader = await cluster.leader();
  const [follower] = cluster.followersOf(leader);
  assert(follower !== undefined);
  const { term } = await leader.state();
  await how(follower, leader);
  await sleep(SETTLE_MS);
  const states = await Promise.all(cluster.members.map((member) => member.state()));
  return { term, termsAfter: states.map((state) => state.term) };
}

/** kill -9 of a random member under load, `rounds` times: nothing acknowledged is lost, all is in order. */
export async function killUnderLoad(
  rounds: number,
  seed: number,
): Promise<{ readonly acknowledged: number }> {
  const random = new SeededRandom(seed);
  const cluster = await RaftCluster.start();
  try {
    const load = new RaftLoad(cluster, CLIENTS, random);
    for (let round = 0; round < rounds; round++) {
      await sleep(randomBelow(random, 300));
      const victim = cluster.members[randomBelow(random, 3)] as Member;
      await victim.kill();
      await sleep(randomBelow(random, 300));
      await cluster.restart(victim.id);
      await cluster.leader();
    }
    await load.stop();
    await readAll(cluster, load);
    checkHistory(load, seed);
    return { acknowledged: load.acknowledged.length };
  } finally {
    await cluster.stop();
  }
}

/** Reads everything at every member, into the history: what was acknowledged must be seen there. */
async function readAll(cluster: RaftCluster, load: RaftLoad): Promise<void> {
  const keys = new Set(load.acknowledged.map(({ key }) => key));
  for (const member of cluster.members) {
    for (const key of keys) {
      const pending = load.history.call(`last reader at ${member.id}`, { kind: 'get', key });
      pending.answered(await readOnce(member, key));
    }
  }
}

/** A member that has just come back may not know its leader yet. */
async function readOnce(member: Member, key: string): Promise<string | null> {
  const untilMs = performance.now() + OUTAGE_MS_MAX;
  for (;;) {
    try {
      return await member.call({ kind: 'read', key });
    } catch (error) {
      if (!toFault(error).retryable || performance.now() > untilMs) throw error;
      await sleep(SETTLE_MS / 10);
    }
  }
}

function checkHistory(load: RaftLoad, seed: number): void {
  const options = { clock: systemClock, budgetMs: HISTORY_BUDGET_MS };
  const verdict = checkLinearizability(keyValueModel, load.history.operations, options);
  assert.equal(verdict.verdict, 'linearizable', `seed ${seed}: ${describeVerdict(verdict)}`);
}

/** The disk of one member fails under load: it must end, and say nothing any more. */
export async function failSync(strace: string): Promise<{ readonly acknowledged: number }> {
  const inject = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO:when=60+'];
  const cluster = await RaftCluster.start(new Map([[1, [strace, '-f', '-q', '-o', '/dev/null', ...inject]]]));
  try {
    const load = new RaftLoad(cluster, CLIENTS, new SeededRandom(1));
    const failing = cluster.members[0] as Member;
    await failing.ended;
    await sleep(SETTLE_MS);
    await load.stop();
    // What it acknowledged before is on its disk, and the others may be behind only in what nobody was told.
    await cluster.restart(1);
    await cluster.leader();
    await readAll(cluster, load);
    checkHistory(load, 1);
    return { acknowledged: load.acknowledged.length };
  } finally {
    await cluster.stop();
  }
}

/** Milliseconds from the end, or the pause, of the leader to the first write acknowledged by another. */
export async function failover(cluster: RaftCluster, signal: 'SIGKILL' | 'SIGSTOP'): Promise<number> {
  const leader = await cluster.leader();
  const others = cluster.followersOf(leader);
  await sleep(SETTLE_MS);
  const beganMs = performance.now();
  leader.signal(signal);
  for (;;) {
    const outageMs = performance.now() - beganMs;
    assert(outageMs < OUTAGE_MS_MAX, `no write for ${OUTAGE_MS_MAX} ms`);
    if (await Promise.any(others.map(writes)).catch(() => false)) break;
    await sleep(WRITE_RETRY_MS);
  }
  const outageMs = performance.now() - beganMs;
  if (signal === 'SIGSTOP') leader.signal('SIGCONT');
  else await leader.ended.then(() => cluster.restart(leader.id));
  await cluster.leader();
  await sleep(SETTLE_MS);
  return outageMs;
}

async function writes(member: Member): Promise<boolean> {
  try {
    await member.call({ kind: 'write', command: { kind: 'put', key: 'k', value: 'v' } });
    return true;
  } catch (error) {
    throw toFault(error);
  }
}
