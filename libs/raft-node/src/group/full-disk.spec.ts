import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '@ringwatch/kernel';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import { confStateOf } from '@ringwatch/raft';
import { beforeEach, expect, test } from 'vitest';
import { MultiRaft } from '../multi-raft.ts';
import { MemoryHub } from '../peers/memory-transport.ts';
import type { SnapshotSource } from '../peers/peer-transport.ts';
import type { LogDisk } from '../wal/log-disk.ts';
import { nodeLogDisk } from '../wal/node-log-disk.ts';
import { Wal } from '../wal/wal.ts';
import type { RaftGroup } from './raft-group.ts';
import { SnapshotFiles } from './snapshot-files.ts';
import { snapshotOf } from './snapshot-source.ts';

const KIB = 1024;
const SMALL = { segmentBytes: 4 * KIB, limitBytes: 8 * KIB };
const ROOMY = { segmentBytes: 64 * KIB, limitBytes: 1024 * KIB };
const members = confStateOf([1]);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringwatch-full-'));
});

/** A node that is a group of its own; what is deferred waits for `run`. */
function node(sizes: typeof SMALL, snapshotDisk: LogDisk = nodeLogDisk) {
  const waiting: (() => void)[] = [];
  const later = (callback: () => void): void => void waiting.push(callback);
  const shared = { clock: new FakeClock(), random: new SeededRandom(1), onBroken: () => undefined };
  const raft = new MultiRaft({
    ...shared,
    nodeId: 1,
    wal: Wal.open({ ...shared, ...sizes, disk: nodeLogDisk, folder: join(folder, 'wal') }),
    snapshots: new SnapshotFiles(snapshotDisk, join(folder, 'snapshots')),
    transport: new MemoryHub(later).join(1),
    defer: later,
  });
  const run = async (turns = 30): Promise<void> => {
    for (let i = 0; i < turns; i++) {
      await new Promise(setImmediate);
      for (const next of waiting.splice(0)) next();
    }
  };
  const lead = async (
    source: () => SnapshotSource = () => snapshotOf(Buffer.from('state')),
  ): Promise<RaftGroup> => {
    const snapshot = (done: (of: SnapshotSource) => void): void => done(source());
    const restore = (_index: number, from: SnapshotSource, done: () => void): void => {
      from.close();
      done();
    };
    const group = raft.open({ id: 1, members, machine: { apply: (_, done) => done(), snapshot, restore } });
    group.campaign();
    await run();
    expect(group.isLeader).toBe(true);
    return group;
  };
  const propose = async (group: RaftGroup, bytes: number): Promise<string> => {
    const outcome = group.propose(Buffer.alloc(bytes)).then(
      () => 'taken',
      ({ reason }: Fault) => reason,
    );
    await run();
    return outcome;
  };
  return { raft, run, lead, propose };
}

test('a group that leads again while the log is full refuses, and lives', async () => {
  const before = node(SMALL);
  const filling = await before.lead();
  let outcome = 'taken';
  for (let i = 0; i < 100 && outcome === 'taken'; i++) outcome = await before.propose(filling, 500);
  expect(outcome).toBe('log_full');
  await before.raft.close();

  const { raft, lead, propose } = node(SMALL);
  const group = await lead();
  expect(group.failed).toBeUndefined();
  expect(await propose(group, 500)).toBe('log_full');
  expect(group.failed).toBeUndefined();
  await raft.close();
});

test('an entry that could not be sent, or would fill a small log, is refused at once', async () => {
  const { raft, lead, propose } = node(SMALL);
  const group = await lead();
  expect(await propose(group, KIB)).toBe('taken');
  expect(await propose(group, KIB + 1)).toBe('entry_too_large');
  await raft.close();
});

test('a snapshot for which there is no room is given up, and a later one taken', async () => {
  let isFull = true;
  const open: LogDisk['open'] = (path, create) => {
    if (isFull && create) throw new Fault('resource_exhausted', 'no space left', { reason: 'disk_full' });
    return nodeLogDisk.open(path, create);
  };
  const { raft, run, lead, propose } = node(ROOMY, { ...nodeLogDisk, open });
  const group = await lead();
  expect(await propose(group, 1)).toBe('taken');
  group.takeSnapshot();
  await run();
  expect([group.failed, group.stats().snapshotsTaken, await propose(group, 1)]).toEqual([
    undefined,
    0,
    'taken',
  ]);
  isFull = false;
  group.takeSnapshot();
  await run();
  expect(group.stats().snapshotsTaken).toBe(1);
  await raft.close();
});

test('a snapshot whose last bytes find no room is not there', () => {
  let isFull = false;
  const open: LogDisk['open'] = (path, create) => {
    const file = nodeLogDisk.open(path, create);
    const write = file.write.bind(file);
    file.write = (source, position) => {
      if (isFull) throw new Fault('resource_exhausted', 'no space left', { reason: 'disk_full' });
      write(source, position);
    };
    return file;
  };
  const files = new SnapshotFiles({ ...nodeLogDisk, open }, join(folder, 'snapshots'));
  const sink = files.create({ group: 1, index: 5, term: 1 });
  sink.write(Buffer.from('state'));
  isFull = true;
  let outcome: boolean | undefined;
  sink.finish((taken) => (outcome = taken));
  expect([outcome, readdirSync(join(folder, 'snapshots'))]).toEqual([false, []]);
  expect(() => files.create({ group: 1, index: 6, term: 1 })).toThrow('no space left');
  expect(readdirSync(join(folder, 'snapshots'))).toEqual([]);
});

test('a group that stops while it takes a snapshot leaves nothing behind', async () => {
  const { raft, run, lead } = node(ROOMY);
  let closed = 0;
  const endless = { next: () => Buffer.alloc(KIB), close: () => void closed++ };
  const group = await lead(() => endless);
  group.takeSnapshot();
  await run();
  raft.stop(1);
  await run();
  expect([closed, readdirSync(join(folder, 'snapshots'))]).toEqual([1, []]);
  await raft.close();
});

test.each([
  [{ id: 0 }, 'cannot be a group'],
  [{ id: 1.5 }, 'cannot be a group'],
  [{ id: 1, members: { voters: [1] } }, 'is not a configuration'],
])('a group of %j is refused', async (options, why) => {
  const { raft } = node(ROOMY);
  const machine = { apply: () => undefined, snapshot: () => undefined, restore: () => undefined };
  expect(() => raft.open({ machine, ...options } as never)).toThrow(why);
  await raft.close();
});
