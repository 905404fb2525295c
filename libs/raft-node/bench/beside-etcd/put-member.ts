/**
 * A process that serves puts: a member of a Raft group, with Raft in a worker thread and its options at their
 * defaults, or the transport alone, which answers at once. Started by put-processes.ts.
 *
 * usage: node put-member.ts raft NODE_ID FOLDER | alone
 */
import { once } from 'node:events';
import { assert } from '@ringwatch/kernel';
import { confStateOf } from '@ringwatch/raft';
import { RaftThread, type ThreadGroup } from '@ringwatch/raft-node';
import { PutMachine } from './put-machine.ts';
import { encodePut } from './put-message.ts';
import type { MemberAddresses, MemberEvent } from './put-processes.ts';
import { PutServer } from './put-server.ts';

const GROUP = 1;

/** A member of the group that the parent's one message describes. */
async function serveRaft(nodeId: number, folder: string): Promise<void> {
  const onBroken = (): never => process.kill(process.pid, 'SIGKILL') as never;
  const thread = await RaftThread.start({ nodeId, clusterId: 'bench', folder, onBroken });
  const serving: { group?: ThreadGroup; readonly addresses: Map<number, string> } = { addresses: new Map() };
  const server = await PutServer.listen({
    put: async (key, value) => {
      assert(serving.group !== undefined, 'there is no leader before there is a group');
      await serving.group.propose(encodePut({ key, value, id: 0 }));
    },
    leader: () => serving.group && serving.addresses.get(serving.group.lead),
  });
  tell({ kind: 'listening', nodeId, peerAddress: thread.address, clientAddress: server.address });
  const [members] = (await once(process, 'message')) as [readonly MemberAddresses[]];
  for (const { nodeId, clientAddress } of members) serving.addresses.set(nodeId, clientAddress);
  const others = members.filter((member) => member.nodeId !== nodeId);
  await thread.setPeers(new Map(others.map(({ nodeId, peerAddress }) => [nodeId, peerAddress])));
  serving.group = await thread.open({
    id: GROUP,
    machine: new PutMachine(),
    members: confStateOf(members.map((member) => member.nodeId)),
    onRole: ({ isLeader }) => {
      if (isLeader) tell({ kind: 'leads', nodeId });
    },
  });
}

/** Answers at once: what gRPC itself allows. */
async function serveAlone(): Promise<void> {
  const server: PutServer = await PutServer.listen({ put: async () => {}, leader: () => server.address });
  tell({ kind: 'listening', nodeId: 1, peerAddress: '', clientAddress: server.address });
  await once(process, 'message');
  tell({ kind: 'leads', nodeId: 1 });
}

function tell(event: MemberEvent): void {
  process.send?.(event);
}

process.on('disconnect', () => process.exit());
const [mode, nodeId, folder = ''] = process.argv.slice(2);
if (mode === 'alone') await serveAlone();
else await serveRaft(Number(nodeId), folder);
