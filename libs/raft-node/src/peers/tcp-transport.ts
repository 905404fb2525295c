/**
 * {@link PeerTransport} over TCP. A process listens on one address and dials three connections to each peer,
 * for what it sends: control, entries, snapshots. What it receives comes by those that peers dial.
 *
 * 1. The control connections tell whether a peer's process lives: when one of them ends, `reset` is reported,
 *    once until the peer is heard of again. A refused attempt to connect reports it again, once per attempt,
 *    unless the peer's own control connection stands.
 * 2. A peer that dials is alive, so it is dialled at once, whatever the backoff.
 * 3. Only peers that were named are let in, one connection per lane; a new one replaces the old.
 * 4. The handler is never called from within a call to the transport.
 *
 * Nothing is encrypted or authenticated: it listens on loopback unless told otherwise.
 */
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { assert, silentLogger, toFault, type Clock, type Logger, type Random } from '@ringwatch/kernel';
import type { Message, MessageType, NodeId } from '@ringwatch/raft';
import { MessageLane } from './message-lane.ts';
import { PeerAcceptor, type AcceptorEvents } from './peer-acceptor.ts';
import type { DownReason, PeerContext, PeerCounters } from './peer-dialer.ts';
import { checkClusterId, type Lane } from './peer-frame.ts';
import { formatAddress, parseAddress, peerServer } from './peer-socket.ts';
import type { GroupId, GroupMessage, PeerHandler, PeerTransport, SnapshotSource } from './peer-transport.ts';
import { SnapshotLane } from './snapshot-lane.ts';

const CONTROL_BYTES_MAX = 1024 * 1024;
const APPEND_BYTES_MAX = 16 * 1024 * 1024;
/** Connections from outside, those that have not said who they are included; more are closed at once. */
const CONNECTIONS_MAX = 1024;

export interface TcpTransportOptions {
  readonly nodeId: NodeId;
  /** Nodes of other clusters are refused; 1 to 255 bytes of UTF-8. */
  readonly clusterId: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port, see {@link TcpTransport.address}. */
  readonly port?: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Default: silent. */
  readonly logger?: Logger;
  /** Votes, heartbeats and reads that wait for one peer. Default 1 MiB. */
  readonly controlBytesMax?: number;
  /** Appends and their answers that wait for one peer. Default 16 MiB. */
  readonly appendBytesMax?: number;
}

interface Peer {
  readonly id: NodeId;
  readonly address: string;
  readonly control: MessageLane;
  readonly append: MessageLane;
  readonly snapshots: SnapshotLane;
  readonly incoming: Map<Lane, PeerAcceptor>;
  /** A control connection was there since the last reset. */
  alive: boolean;
  /** A message was dropped since the last flush. */
  dropped: boolean;
}

export class TcpTransport implements PeerTransport {
  readonly #options: TcpTransportOptions;
  readonly #context: PeerContext;
  readonly #server: Server;
  readonly #peers = new Map<NodeId, Peer>();
  /** Connections that were let in or wait for it. */
  readonly #accepted = new Set<PeerAcceptor>();
  readonly #acceptorEvents: AcceptorEvents = {
    knows: (from) => this.#peers.has(from),
    onWelcomed: (connection) => this.#welcomed(connection),
    onClosed: (connection, reset) => this.#incomingClosed(connection, reset),
  };
  #handler: PeerHandler | undefined;
  #closed = false;

  /**
   * Takes the address; delivers nothing before {@link TcpTransport.start}.
   * @throws {Fault} `unavailable` when it cannot listen there, `invalid_argument` for a bad cluster id.
   */
  static async listen(options: TcpTransportOptions): Promise<TcpTransport> {
    checkClusterId(options.clusterId);
    const transport = new TcpTransport(options);
    const server = transport.#server;
    const { logger } = transport.#context;
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      throw toFault(error, 'unavailable');
    }
    server.on('error', (error) => logger.error({ error: error.message }, 'cannot accept connections'));
    return transport;
  }

  private constructor(options: TcpTransportOptions) {
    const { nodeId, clusterId, clock, random, logger = silentLogger } = options;
    const counters: PeerCounters = { sentBytes: 0, receivedBytes: 0, droppedMessages: 0 };
    this.#options = options;
    this.#context = { nodeId, clusterId, clock, random, logger, counters };
    this.#server = peerServer(CONNECTIONS_MAX, (socket) => this.#accept(socket));
    this.#server.on('drop', () => logger.warn({ connectionsMax: CONNECTIONS_MAX }, 'too many connections'));
  }

  /** Where it listens: `host:port`. */
  get address(): string {
    const { address: host, port } = this.#server.address() as AddressInfo;
    return formatAddress({ host, port });
  }

  get counters(): Readonly<PeerCounters> {
    return this.#context.counters;
  }

  start(handler: PeerHandler): void {
    assert(this.#handler === undefined, 'a transport is started once');
    this.#handler = handler;
    for (const peer of this.#peers.values()) dial(peer);
  }

  /** @throws {Fault} `invalid_argument` for an address that is not host:port; nothing has changed then. */
  setPeers(addresses: ReadonlyMap<NodeId, string>): void {
    for (const address of addresses.values()) parseAddress(address);
    for (const [id, peer] of this.#peers) {
      if (addresses.get(id) === peer.address) continue;
      this.#peers.delete(id);
      closePeer(peer);
    }
    for (const [id, address] of addresses) {
      if (id === this.#context.nodeId || this.#peers.has(id)) continue;
      const peer = this.#newPeer(id, address);
      this.#peers.set(id, peer);
      if (this.#handler !== undefined) dial(peer);
    }
  }

  send(to: NodeId, group: GroupId, message: Message): void {
    const peer = this.#peers.get(to);
    if (peer === undefined) return;
    const lane = LANES_OF[message.type];
    assert(lane !== undefined, 'a message of a node to itself stays there, a snapshot has a way of its own');
    if (!peer[lane].send(group, message)) peer.dropped = true;
  }

  flush(): void {
    for (const peer of this.#peers.values()) peer.control.flush();
    for (const peer of this.#peers.values()) {
      peer.append.flush();
      if (!peer.dropped) continue;
      peer.dropped = false;
      queueMicrotask(() => this.#report(peer, false));
    }
  }

  sendSnapshot(
    to: NodeId,
    snapshot: GroupMessage,
    chunks: SnapshotSource,
    done: (taken: boolean) => void,
  ): void {
    assert(snapshot.message.type === 'MsgSnap', 'a snapshot is announced by its message');
    const peer = this.#peers.get(to);
    if (peer !== undefined) {
      peer.snapshots.send(snapshot, chunks, done);
      return;
    }
    queueMicrotask(() => {
      chunks.close();
      done(false);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const peer of this.#peers.values()) closePeer(peer);
    this.#peers.clear();
    for (const connection of this.#accepted) connection.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #newPeer(id: NodeId, address: string): Peer {
    const parsed = parseAddress(address);
    const { controlBytesMax = CONTROL_BYTES_MAX, appendBytesMax = APPEND_BYTES_MAX } = this.#options;
    const control = new MessageLane(this.#context, id, parsed, 'control', controlBytesMax, {
      onUp: () => (peer.alive = true),
      onDown: (reason) => this.#controlDown(peer, reason),
    });
    const append = new MessageLane(this.#context, id, parsed, 'append', appendBytesMax, {
      onUp: () => undefined,
      onDown: () => this.#report(peer, false),
    });
    const snapshots = new SnapshotLane(this.#context, id, parsed);
    const incoming = new Map<Lane, PeerAcceptor>();
    const peer: Peer = { id, address, control, append, snapshots, incoming, alive: false, dropped: false };
    return peer;
  }

  #controlDown(peer: Peer, reason: DownReason): void {
    switch (reason) {
      case 'gone':
        this.#gone(peer);
        return;
      case 'refused':
        this.#report(peer, !peer.incoming.has('control'));
        return;
      case 'failed':
        this.#report(peer, false);
    }
  }

  #gone(peer: Peer): void {
    if (peer.alive) this.#report(peer, true);
    peer.alive = false;
  }

  #report(peer: Peer, reset: boolean): void {
    if (this.#peers.get(peer.id) === peer) this.#handler?.onUnreachable(peer.id, reset);
  }

  #accept(socket: Socket): void {
    // Without a handler there is nobody to deliver to; the peer comes again.
    if (this.#handler === undefined || this.#closed) {
      socket.destroy();
      return;
    }
    this.#accepted.add(new PeerAcceptor(this.#context, this.#handler, socket, this.#acceptorEvents));
  }

  #welcomed(connection: PeerAcceptor): void {
    const { from, lane } = connection;
    const peer = this.#peers.get(from ?? Number.NaN);
    if (peer === undefined || lane === undefined) return;
    const old = peer.incoming.get(lane);
    peer.incoming.set(lane, connection);
    old?.close();
    if (lane === 'control') peer.alive = true;
    dial(peer);
  }

  #incomingClosed(connection: PeerAcceptor, reset: boolean): void {
    this.#accepted.delete(connection);
    const { from, lane } = connection;
    const peer = this.#peers.get(from ?? Number.NaN);
    if (peer === undefined || lane === undefined || peer.incoming.get(lane) !== connection) return;
    peer.incoming.delete(lane);
    if (lane === 'control' && reset) this.#gone(peer);
  }
}

/** What each message travels by; none for those that stay in their node, or come as a snapshot. */
const LANES_OF: Readonly<Record<MessageType, 'control' | 'append' | undefined>> = {
  MsgProp: 'append',
  MsgApp: 'append',
  MsgAppResp: 'append',
  MsgVote: 'control',
  MsgVoteResp: 'control',
  MsgPreVote: 'control',
  MsgPreVoteResp: 'control',
  MsgHeartbeat: 'control',
  MsgHeartbeatResp: 'control',
  MsgTransferLeader: 'control',
  MsgTimeoutNow: 'control',
  MsgReadIndex: 'control',
  MsgReadIndexResp: 'control',
  MsgSnap: undefined,
  MsgHup: undefined,
  MsgBeat: undefined,
  MsgUnreachable: undefined,
  MsgSnapStatus: undefined,
  MsgCheckQuorum: undefined,
  MsgForgetLeader: undefined,
  MsgStorageAppend: undefined,
  MsgStorageAppendResp: undefined,
  MsgStorageApply: undefined,
  MsgStorageApplyResp: undefined,
};

/** The snapshot connection is dialled when there is a snapshot. */
function dial({ control, append }: Peer): void {
  control.dial();
  append.dial();
}

function closePeer({ control, append, snapshots, incoming }: Peer): void {
  control.close();
  append.close();
  snapshots.close();
  for (const connection of incoming.values()) connection.close();
}
