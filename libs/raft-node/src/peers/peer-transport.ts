/**
 * How the groups of this process talk to those of other processes: the port, with a twin in memory
 * (memory-transport.ts) and a real one over TCP (tcp-transport.ts).
 *
 * 1. Messages may be lost, and may be delivered late or twice after a reconnect; they are never altered.
 * 2. Heartbeats, votes and their answers never queue behind entries, entries never behind a snapshot.
 * 3. What waits for a peer is bounded; beyond that messages are dropped and the peer reported unreachable.
 */
import type { Message, NodeId } from '@ringwatch/raft';

/** Which Raft group of the process; the same number in every process. */
export type GroupId = number;

/** A message and the group that it is for. */
export interface GroupMessage {
  readonly group: GroupId;
  readonly message: Message;
}

export interface PeerTransport {
  /** Begins to listen and to deliver. Call once, before anything is sent. */
  start(handler: PeerHandler): void;
  /** Where each peer is reached; connections to peers that are not named any more are closed. */
  setPeers(addresses: ReadonlyMap<NodeId, string>): void;
  /** Takes a message, which leaves with the next {@link PeerTransport.flush} at the latest. */
  send(to: NodeId, group: GroupId, message: Message): void;
  /** Sends what was taken: once a turn, so that all groups share a packet. */
  flush(): void;
  /**
   * Sends a `MsgSnap` with the state that it stands for, chunk by chunk as the peer takes them.
   * Closes the source when it is through with it.
   * @param done called once, with whether the peer has taken it all.
   */
  sendSnapshot(
    to: NodeId,
    snapshot: GroupMessage,
    chunks: SnapshotSource,
    done: (taken: boolean) => void,
  ): void;
  close(): Promise<void>;
}

/** What arrives. Calls come one at a time, and never from within a call to the transport. */
export interface PeerHandler {
  onMessages(from: NodeId, messages: readonly GroupMessage[]): void;
  /**
   * Messages to the peer were probably lost. `reset` when its end of the connection is gone all at once, as
   * when its process was killed, or nobody listens there; not when it only stopped answering.
   */
  onUnreachable(peer: NodeId, reset: boolean): void;
  /** A snapshot begins to arrive; undefined refuses it. */
  onSnapshot(from: NodeId, snapshot: GroupMessage): SnapshotSink | undefined;
}

/** A snapshot's state in pieces. */
export interface SnapshotSource {
  /** The next chunk; undefined after the last one. @throws {Fault} `data_loss` when it cannot be read. */
  next(): Uint8Array | undefined;
  close(): void;
}

/** Takes a snapshot's state in pieces. */
export interface SnapshotSink {
  /** @throws {Fault} when it cannot be written; the snapshot is given up. */
  write(chunk: Uint8Array): void;
  /**
   * All chunks are there.
   * @param done called once, with whether they are safe on disk and make up the snapshot announced.
   */
  finish(done: (taken: boolean) => void): void;
  /** The rest will not come. */
  abort(): void;
}
