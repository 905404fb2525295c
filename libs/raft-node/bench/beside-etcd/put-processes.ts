/** Our own servers of puts: processes on this machine, data in fresh folders, stopped by process id. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PutCluster } from './put-cluster.ts';

const PROGRAM = fileURLToPath(new URL('./put-member.ts', import.meta.url));
const START_TIMEOUT_MS = 20_000;

/** Where a member is reached, by its peers and by clients: `host:port`. */
export interface MemberAddresses {
  readonly nodeId: number;
  readonly peerAddress: string;
  readonly clientAddress: string;
}

/** What a member's process tells. */
export type MemberEvent =
  | ({ readonly kind: 'listening' } & MemberAddresses)
  | { readonly kind: 'leads'; readonly nodeId: number };

/** Three members of one Raft group. */
export async function startRaft(): Promise<PutCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'ringwatch-raft-'));
  const argsOf = (nodeId: number): string[] => ['raft', String(nodeId), join(folder, String(nodeId))];
  return start([1, 2, 3].map(argsOf), () => rm(folder, { recursive: true }));
}

/** One process that answers at once. */
export async function startTransportAlone(): Promise<PutCluster> {
  return start([['alone']], async () => {});
}

async function start(
  argsOfEach: readonly (readonly string[])[],
  cleanUp: () => Promise<void>,
): Promise<PutCluster> {
  const children = argsOfEach.map((args) => fork(PROGRAM, args));
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(ended));
    await cleanUp();
  };
  try {
    const members = await Promise.all(children.map((child) => firstEvent([child], 'listening')));
    for (const child of children) child.send(members);
    const { nodeId: leader } = await firstEvent(children, 'leads');
    const ordered = members.toSorted((a, b) => Number(b.nodeId === leader) - Number(a.nodeId === leader));
    const addresses = ordered.map(({ clientAddress }) => clientAddress) as [string, ...string[]];
    return { addresses, pids: children.map(({ pid }) => pid as number), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first event of a kind that a process tells. @throws when one ends, or none tells in time. */
function firstEvent<Kind extends MemberEvent['kind']>(
  children: readonly ChildProcess[],
  kind: Kind,
): Promise<Extract<MemberEvent, { kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`no member said '${kind}' within ${START_TIMEOUT_MS} ms`));
    const timer = setTimeout(late, START_TIMEOUT_MS);
    for (const child of children) {
      child.on('message', (event: MemberEvent) => {
        if (event.kind !== kind) return;
        clearTimeout(timer);
        resolve(event as Extract<MemberEvent, { kind: Kind }>);
      });
      child.once('exit', () => reject(new Error('a member ended before it served')));
    }
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
