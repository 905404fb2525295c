/**
 * A process that is a member of a Raft group with a map of strings as its state: what the process tests start
 * three of. Told what to do by its parent's messages; `argv`: node id, folder.
 *
 * A broken log ends it by SIGKILL, as it ends a broker: nothing must be said after a sync that failed.
 */
import { argv } from 'node:process';
import { Fault, toFault } from '@ringwatch/kernel';
import { confStateOf } from '@ringwatch/raft';
import { RaftThread, type ThreadGroup } from '@ringwatch/raft-node';
import { encodeCommand, KeyValueMachine } from '@ringwatch/testing';
import type { MemberAnswer, MemberRequest } from './member-protocol.ts';

const GROUP = 1;
const SNAPSHOT_EVERY_BYTES = 256 * 1024;

const [, , id, folder = ''] = argv;
const nodeId = Number(id);
const machine = new KeyValueMachine(
  () => undefined,
  (work) => work(),
);
let group: ThreadGroup | undefined;

const thread = await RaftThread.start({
  nodeId,
  clusterId: 'process-test',
  folder,
  segmentBytes: 4 * 1024 * 1024,
  onBroken: () => process.kill(process.pid, 'SIGKILL'),
});
tell({ kind: 'listening', address: thread.address });

process.on('message', (request: MemberRequest) => {
  void answer(request);
});

async function answer(request: MemberRequest): Promise<void> {
  try {
    tell({ kind: 'done', id: request.id, value: await obey(request) });
  } catch (error) {
    const { code, message } = toFault(error);
    tell({ kind: 'failed', id: request.id, code, message });
  }
}

async function obey(request: MemberRequest): Promise<string | null> {
  switch (request.kind) {
    case 'join':
      await join(request.peers);
      return null;
    case 'write':
      await opened().propose(encodeCommand(request.command));
      return null;
    case 'read':
      await opened().readIndex();
      return machine.get(request.key);
    case 'state': {
      const { lead, term, isLeader } = opened();
      return JSON.stringify({ lead, term, isLeader, applied: machine.applied });
    }
    case 'block': {
      const untilMs = performance.now() + request.ms;
      while (performance.now() < untilMs);
      return null;
    }
  }
}

async function join(peers: readonly (readonly [number, string])[]): Promise<void> {
  await thread.setPeers(new Map(peers.filter(([peer]) => peer !== nodeId)));
  if (group !== undefined) return;
  group = await thread.open({
    id: GROUP,
    machine,
    members: confStateOf(peers.map(([peer]) => peer)),
    snapshotEveryBytes: SNAPSHOT_EVERY_BYTES,
    onRole: ({ lead, term, isLeader }) => tell({ kind: 'role', lead, term, isLeader }),
  });
}

function opened(): ThreadGroup {
  if (group === undefined) throw new Fault('unavailable', 'the group is not open yet');
  return group;
}

function tell(message: MemberAnswer): void {
  process.send?.(message);
}
