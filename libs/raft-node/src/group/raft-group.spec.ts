import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import { confStateOf, newMessage, NO_DATA, type Message } from '@ringwatch/raft';
import { expect, test } from 'vitest';
import { MemoryHub } from '../peers/memory-transport.ts';
import { MultiRaft } from '../multi-raft.ts';
import { nodeLogDisk } from '../wal/node-log-disk.ts';
import type { RaftGroup } from './raft-group.ts';
import { SnapshotFiles } from './snapshot-files.ts';
import { readSnapshot, snapshotOf } from './snapshot-source.ts';
import type { StateMachine } from './state-machine.ts';
import { Wal } from '../wal/wal.ts';

const GROUP = 1;
const SEED = 20_261_121;
const members = confStateOf([1, 2]);

/** A state machine that has nothing to remember. */
const machine: StateMachine = {
  apply: (_entries, done) => done(),
  snapshot: (done) => done(snapshotOf(NO_DATA)),
  restore: (_index, source, done) => {
    readSnapshot(source);
    done();
  },
};

/** Node 1 as it runs; node 2 is the spec, which sees what is sent to it. What is deferred waits for `run`. */
function underWay() {
  const folder = mkdtempSync(join(tmpdir(), 'ringwatch-group-'));
  const waiting: (() => void)[] = [];
  const later = (callback: () => void): void => void waiting.push(callback);
  const hub = new MemoryHub(later);
  const transport = hub.join(1);
  const shared = { clock: new FakeClock(), random: new SeededRandom(SEED), onBroken: () => undefined };
  const raft = new MultiRaft({
    ...shared,
    nodeId: 1,
    wal: Wal.open({ ...shared, disk: nodeLogDisk, folder: join(folder, 'wal'), segmentBytes: 64 * 1024 }),
    snapshots: new SnapshotFiles(nodeLogDisk, join(folder, 'snapshots')),
    transport,
    defer: later,
  });
  const received: Message[] = [];
  const peer = hub.join(2);
  peer.start({
    onMessages: (_from, messages) => received.push(...messages.map(({ message }) => message)),
    onUnreachable: () => undefined,
    onSnapshot: () => undefined,
  });
  transport.setPeers(new Map([[2, 'hub']]));
  peer.setPeers(new Map([[1, 'hub']]));
  const group: RaftGroup = raft.open({ id: GROUP, machine, members });
  const run = (): void => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next();
  };
  return { raft, group, peer, received, run };
}

test('a snapshot of what the node has committed is refused, and its sender hears how far it is', async () => {
  const { raft, group, peer, received, run } = underWay();
  run();
  const message = newMessage('MsgSnap', 2, 1, 5);
  message.snapshot = { index: group.committed, term: 1, confState: members, data: NO_DATA };
  let taken: boolean | undefined;
  peer.sendSnapshot(1, { group: GROUP, message }, snapshotOf(NO_DATA), (was) => (taken = was));
  run();
  expect(taken).toBe(false);
  expect(received).toMatchObject([{ type: 'MsgAppResp', term: 5, index: group.committed, reject: false }]);
  await raft.close();
});
