import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, systemRandom } from '@ringwatch/kernel/system';
import { confStateOf, type Entry } from '@ringwatch/raft';
import { expect, test } from 'vitest';
import {
  MemoryHub,
  MultiRaft,
  nodeLogDisk,
  readSnapshot,
  SnapshotFiles,
  snapshotOf,
  Wal,
  type SnapshotSource,
  type StateMachine,
} from './index.ts';

class MapMachine implements StateMachine {
  values = new Map<string, string>();

  apply(entries: readonly Entry[], done: () => void): void {
    for (const { data } of entries) {
      this.values.set(...(JSON.parse(Buffer.from(data).toString()) as [string, string]));
    }
    done();
  }

  snapshot(done: (source: SnapshotSource) => void): void {
    done(snapshotOf(Buffer.from(JSON.stringify([...this.values]))));
  }

  restore(_index: number, source: SnapshotSource, done: () => void): void {
    this.values = new Map(JSON.parse(readSnapshot(source).toString()) as [string, string][]);
    done();
  }
}

test('the example of the README: three nodes replicate a map, and have it after a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ringwatch-readme-'));
  const shared = {
    clock: systemClock,
    random: systemRandom,
    onBroken: (fault: Error): never => {
      throw fault;
    },
  };
  const start = () => {
    const hub = new MemoryHub((callback) => void setImmediate(callback));
    return [1, 2, 3].map((nodeId) => {
      const wal = Wal.open({ ...shared, disk: nodeLogDisk, folder: `${folder}/${nodeId}/wal` });
      const snapshots = new SnapshotFiles(nodeLogDisk, `${folder}/${nodeId}/snapshots`);
      const defer = (run: () => void): void => void setImmediate(run);
      const transport = hub.join(nodeId);
      const timing = { heartbeatMs: 20, electionMs: 100 };
      const raft = new MultiRaft({ ...shared, ...timing, nodeId, wal, snapshots, defer, transport });
      transport.setPeers(new Map([1, 2, 3].filter((id) => id !== nodeId).map((id) => [id, 'hub'])));
      const machine = new MapMachine();
      return { raft, machine, group: raft.open({ id: 1, machine, members: confStateOf([1, 2, 3]) }) };
    });
  };
  const leaderOf = async (nodes: ReturnType<typeof start>) => {
    for (;;) {
      const leader = nodes.find(({ group }) => group.isLeader);
      if (leader !== undefined && nodes.every(({ group }) => group.lead !== 0)) return leader.group;
      await sleep(5);
    }
  };

  const nodes = start();
  const leader = await leaderOf(nodes);
  await leader.propose(Buffer.from('["greeting","hello"]'));
  for (const { group, machine } of nodes) {
    await group.readIndex();
    expect(machine.values.get('greeting')).toBe('hello');
  }
  for (const { raft } of nodes) await raft.close();

  const again = start();
  await leaderOf(again);
  await again[2]?.group.readIndex();
  expect(again[2]?.machine.values.get('greeting')).toBe('hello');
  for (const { raft } of again) await raft.close();
});
