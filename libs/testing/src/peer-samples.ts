/** What the specs of peer transports send, and how they wait. */
import { EMPTY_CONF_STATE, newMessage, type Message, type NodeId } from '@ringwatch/raft';
import type { GroupMessage, PeerTransport, SnapshotSource } from '@ringwatch/raft-node';

/** An append from node 1 to node 2 with one entry. */
export function appendAt(index: number, data: Uint8Array = Buffer.alloc(1)): Message {
  const message = newMessage('MsgApp', 1, 2, 1);
  return { ...message, index, entries: [{ term: 1, index: index + 1, type: 'EntryNormal', data }] };
}

/** The announcement of a snapshot from node 1 to node 2. */
export function snapshotAt(index: number, group = 1): GroupMessage {
  const confState = { ...EMPTY_CONF_STATE, voters: [1, 2] };
  const snapshot = { index, term: 4, confState, data: Buffer.alloc(0) };
  return { group, message: { ...newMessage('MsgSnap', 1, 2, 5), snapshot } };
}

/** Sends a snapshot; resolves with whether the peer has taken it. */
export function sendSnapshot(
  transport: PeerTransport,
  snapshot: GroupMessage,
  source: SnapshotSource,
  to: NodeId = 2,
): Promise<boolean> {
  return new Promise((resolve) => transport.sendSnapshot(to, snapshot, source, resolve));
}

/** A source that counts. */
export interface CountingSource extends SnapshotSource {
  /** Chunks that were read. */
  readonly read: number;
  /** Times that it was closed. */
  readonly closed: number;
}

/** Gives the chunks, then what `last` returns. */
export function sourceOf(
  chunks: readonly Uint8Array[],
  last: () => Uint8Array | undefined = () => undefined,
): CountingSource {
  const left = [...chunks];
  const counts = { read: 0, closed: 0 };
  return {
    next: () => {
      const chunk = left.shift() ?? last();
      if (chunk !== undefined) counts.read++;
      return chunk;
    },
    close: () => void counts.closed++,
    get read() {
      return counts.read;
    },
    get closed() {
      return counts.closed;
    },
  };
}

export function endlessSource(): CountingSource {
  const chunk = Buffer.alloc(256 * 1024, 7);
  return sourceOf([], () => chunk);
}

/** Waits until no more of a source is read, and something was. @returns how many chunks. */
export async function stuck(source: CountingSource): Promise<number> {
  let read = -1;
  while (read !== source.read || read === 0) {
    read = source.read;
    for (let i = 0; i < 50; i++) await polls();
  }
  return read;
}

/** One poll of the network. */
export function poll(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A few polls of the network: what needs no timer has come. */
export async function polls(): Promise<void> {
  for (let i = 0; i < 20; i++) await poll();
}
