/** Raft in its worker thread, as another team's program would use it, and misuse it. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { confStateOf, type Entry } from '@ringwatch/raft';
import {
  RaftThread,
  readSnapshot,
  snapshotOf,
  type StateMachine,
  type ThreadGroup,
} from '@ringwatch/raft-node';
import { afterEach, beforeEach, expect, test } from 'vitest';

class ListMachine implements StateMachine {
  values: string[] = [];
  snapshots = 0;

  apply(entries: readonly Entry[], done: () => void): void {
    for (const { data } of entries) this.values.push(Buffer.from(data).toString());
    done();
  }

  snapshot(done: Parameters<StateMachine['snapshot']>[0]): void {
    this.snapshots++;
    done(snapshotOf(Buffer.from(JSON.stringify(this.values))));
  }

  restore(_index: number, source: Parameters<StateMachine['restore']>[1], done: () => void): void {
    this.values = JSON.parse(readSnapshot(source).toString() || '[]') as string[];
    done();
  }
}

/** The tests run from source, workers run what was built. */
const workerUrl = new URL('../../../../libs/raft-node/dist/thread/raft-worker.js', import.meta.url);

let folder: string;
let broken: string[];
const warnings: string[] = [];
const threads: RaftThread[] = [];
process.on('warning', ({ message }) => warnings.push(message));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringwatch-thread-'));
  broken = [];
});

afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.close()));
  expect(broken).toEqual([]);
});

async function start(nodeId: number, options: object = {}): Promise<RaftThread> {
  const onBroken = ({ message }: Error): void => void broken.push(message);
  const clusterId = 'thread-test';
  const own = {
    workerUrl,
    nodeId,
    clusterId,
    folder: join(folder, `${nodeId}`),
    heartbeatMs: 30,
    electionMs: 300,
  };
  const thread = await RaftThread.start({ ...own, ...options, onBroken });
  threads.push(thread);
  return thread;
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; !holds() && i < 1_000; i++) await sleep(10);
  expect(holds()).toBe(true);
}

async function alone(options: object = {}) {
  const thread = await start(1);
  const machine = new ListMachine();
  const group = await thread.open({ id: 1, machine, members: confStateOf([1]), ...options });
  await group.campaign();
  await until(() => group.isLeader);
  return { thread, machine, group };
}

const propose = (group: ThreadGroup, value: string): Promise<unknown> => group.propose(Buffer.from(value));

test.each([
  [{ clusterId: '' }, 'invalid_argument'],
  [{ electionMs: 1 }, 'invalid_argument'],
  [{ host: '203.0.113.1' }, 'unavailable'],
])('a start with %j is refused, and nothing is broken', async (options, code) => {
  await expect(start(1, options)).rejects.toMatchObject({ name: 'Fault', code });
});

test('a second open, a change that is none, a group without a number change nothing', async () => {
  const { thread, machine, group } = await alone();
  const open = (id: number): Promise<ThreadGroup> => thread.open({ id, machine: new ListMachine() });
  await expect(open(1)).rejects.toMatchObject({ code: 'already_exists' });
  await expect(open(0)).rejects.toMatchObject({ code: 'invalid_argument' });
  const nonsense = [
    { type: 'ConfChangeAddNode', nodeId: 2 },
    { kind: 'v1', type: 'Add', nodeId: 2 },
  ];
  for (const change of nonsense) {
    await expect(group.changeMembers(change as never)).rejects.toMatchObject({ code: 'invalid_argument' });
  }
  await propose(group, 'still here');
  expect(machine.values).toEqual(['still here']);
});

test('without a limit there is no snapshot but on request', async () => {
  const { machine, group } = await alone({ snapshotEveryBytes: Infinity, retainEntries: Infinity });
  for (let i = 0; i < 20; i++) await propose(group, `${i}`);
  expect(machine.snapshots).toBe(0);
  await group.takeSnapshot();
  await until(() => machine.snapshots === 1);
});

test('everybody who waits is answered when the thread is closed, however often', async () => {
  const { thread, group } = await alone();
  const proposals = Array.from({ length: 500 }, (_, i) => propose(group, `${i}`));
  await Promise.all([thread.close(), thread.close(), Promise.allSettled(proposals)]);
  expect(group.isLeader).toBe(false);
  await expect(propose(group, 'late')).rejects.toMatchObject({ reason: 'closed' });
});

test('a group that is stopped can be opened again, with what it had', async () => {
  const { thread, group } = await alone();
  await propose(group, 'kept');
  await thread.stop(1);
  const machine = new ListMachine();
  const again = await thread.open({ id: 1, machine });
  await again.campaign();
  await until(() => again.isLeader);
  await again.readIndex();
  expect(machine.values).toEqual(['kept']);
});

test('a member that joins by snapshot has everything, and no file is closed twice', async () => {
  const nodes = await Promise.all([1, 2, 3].map((id) => start(id)));
  const addresses = new Map(nodes.map(({ address }, i) => [i + 1, address] as const));
  for (const node of nodes) await node.setPeers(addresses);
  const machines = nodes.map(() => new ListMachine());
  const groups = await Promise.all(
    nodes.map((node, i) => {
      const founded = i < 2 ? { members: confStateOf([1, 2]) } : {};
      return node.open({ id: 1, machine: machines[i] as ListMachine, ...founded });
    }),
  );
  await until(() => groups.slice(0, 2).some(({ isLeader }) => isLeader));
  const leader = groups.find(({ isLeader }) => isLeader) as ThreadGroup;
  for (const value of ['a', 'b', 'c']) await propose(leader, value);
  await leader.takeSnapshot();
  await leader.changeMembers({ kind: 'v1', type: 'ConfChangeAddNode', nodeId: 3 });
  await until(() => machines[2]?.values.join() === 'a,b,c');
  expect(warnings.filter((warning) => warning.includes('descriptor'))).toEqual([]);
});
