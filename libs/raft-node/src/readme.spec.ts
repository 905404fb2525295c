import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, systemRandom } from '@ringwatch/kernel/system';
import { confStateOf, type Entry } from '@ringwatch/raft';
import { expect, test } from 'vitest';
import * as own from './index.ts';
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

/** The first program of the README, with its imports as parameters. @returns the folder that it used. */
async function runReadme(): Promise<string> {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const program = /```js\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const body = program.replaceAll(/^import .*$/gm, '');
  const imports = { mkdtempSync, sleep, systemClock, systemRandom, confStateOf, ...own };
  const AsyncFunction = (async () => undefined).constructor as FunctionConstructor;
  const run = new AsyncFunction(...Object.keys(imports), `${body}; return folder;`);
  return (await run(...Object.values(imports))) as string;
}

test('the example of the README: three nodes replicate a map, and have it after a restart', async () => {
  const folder = await runReadme();
  const hub = new MemoryHub((callback) => void setImmediate(callback));
  const onBroken = (fault: Error): never => {
    throw fault;
  };
  const shared = { clock: systemClock, random: systemRandom, onBroken, heartbeatMs: 20, electionMs: 100 };
  const nodes = [1, 2, 3].map((nodeId) => {
    const wal = Wal.open({ ...shared, disk: nodeLogDisk, folder: `${folder}/${nodeId}/wal` });
    const snapshots = new SnapshotFiles(nodeLogDisk, `${folder}/${nodeId}/snapshots`);
    const transport = hub.join(nodeId);
    const raft = new MultiRaft({
      ...shared,
      nodeId,
      wal,
      snapshots,
      transport,
      defer: (run) => void setImmediate(run),
    });
    transport.setPeers(new Map([1, 2, 3].filter((id) => id !== nodeId).map((id) => [id, 'hub'])));
    const machine = new MapMachine();
    return { raft, machine, group: raft.open({ id: 1, machine }) };
  });
  while (nodes.some(({ group }) => group.lead === 0)) await sleep(5);
  await nodes[2]?.group.readIndex();
  expect(nodes[2]?.machine.values.get('greeting')).toBe('hello');
  for (const { raft } of nodes) await raft.close();
  rmSync(folder, { recursive: true });
}, 20_000);
