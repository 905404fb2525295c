/**
 * {@link PeerTransport} within one process: nodes join a hub, which hands over what they flush. For tests,
 * simulations and examples; links can be cut, each way by itself.
 *
 * 1. Handlers are only called from callbacks that were given to `schedule`, which decides when; what one node
 *    flushes to another arrives in order whatever the order of the callbacks.
 * 2. A cut link loses what is on its way and tells nobody, as a network does. A node that closes resets its
 *    connections, as a process that ends does.
 */
import { assert, Fault } from '@ringwatch/kernel';
import type { Message, NodeId } from '@ringwatch/raft';
import type {
  GroupId,
  GroupMessage,
  PeerHandler,
  PeerTransport,
  SnapshotSink,
  SnapshotSource,
} from './peer-transport.ts';

/** Messages on their way from one node to another; more are dropped. */
export const MESSAGES_WAITING_MAX = 16_384;

/**
 * Calls a function later: in the next turn, after a while of virtual time, … It stands for something on its
 * way from one node to another, or for what a node learns by itself when both are the same.
 */
export type Schedule = (callback: () => void, from: NodeId, to: NodeId) => void;

/** Where the nodes of one process meet. */
export class MemoryHub {
  readonly schedule: Schedule;
  readonly #nodes = new Map<NodeId, MemoryTransport>();
  readonly #cuts = new Map<NodeId, Set<NodeId>>();

  constructor(schedule: Schedule) {
    this.schedule = schedule;
  }

  /** A node's transport; addresses may be any text. @throws {Fault} `already_exists` while it is there. */
  join(id: NodeId): MemoryTransport {
    if (this.#nodes.has(id)) throw new Fault('already_exists', `node ${id} is there already`);
    const transport = new MemoryTransport(this, id);
    this.#nodes.set(id, transport);
    return transport;
  }

  /** From now on nothing comes from one node to the other. */
  cut(from: NodeId, to: NodeId): void {
    this.#cuts.set(from, (this.#cuts.get(from) ?? new Set()).add(to));
  }

  heal(from: NodeId, to: NodeId): void {
    this.#cuts.get(from)?.delete(to);
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.get(from)?.has(to) ?? false;
  }

  /** The node with that id when it is there and takes what comes from `from`. */
  reach(from: NodeId, to: NodeId): MemoryTransport | undefined {
    const node = this.#nodes.get(to);
    return node?.takesFrom(from) === true ? node : undefined;
  }

  /** The node's process has ended, as far as the others can see. */
  leave(id: NodeId): void {
    this.#nodes.delete(id);
    for (const [other, node] of this.#nodes) {
      if (!this.isCut(id, other)) this.schedule(() => node.unreachable(id, true), id, other);
    }
  }
}

/** The way from this node to another. */
interface Link {
  /** Taken since the last flush. */
  taken: GroupMessage[];
  /** Flushed and not delivered. */
  readonly batches: GroupMessage[][];
  /** Messages in both. */
  waiting: number;
  dropped: boolean;
  readonly transfers: Transfer[];
}

/** A snapshot on its way; the first of a link moves. */
interface Transfer {
  readonly snapshot: GroupMessage;
  readonly chunks: SnapshotSource;
  readonly done: (taken: boolean) => void;
  /** Where it began to arrive; a node of the same id that came later does not know of it. */
  target?: MemoryTransport;
  sink?: SnapshotSink | undefined;
}

export class MemoryTransport implements PeerTransport {
  readonly #hub: MemoryHub;
  readonly #id: NodeId;
  readonly #links = new Map<NodeId, Link>();
  #handler: PeerHandler | undefined;
  #closed = false;

  /** Use {@link MemoryHub.join}. */
  constructor(hub: MemoryHub, id: NodeId) {
    this.#hub = hub;
    this.#id = id;
  }

  start(handler: PeerHandler): void {
    assert(this.#handler === undefined, 'a transport is started once');
    this.#handler = handler;
  }

  setPeers(addresses: ReadonlyMap<NodeId, string>): void {
    for (const id of this.#links.keys()) if (!addresses.has(id)) this.#forget(id);
    for (const id of addresses.keys()) {
      if (id === this.#id || this.#links.has(id)) continue;
      this.#links.set(id, { taken: [], batches: [], waiting: 0, dropped: false, transfers: [] });
    }
  }

  send(to: NodeId, group: GroupId, message: Message): void {
    const link = this.#links.get(to);
    if (link === undefined) return;
    if (link.waiting >= MESSAGES_WAITING_MAX) {
      link.dropped = true;
      return;
    }
    link.waiting++;
    link.taken.push({ group, message });
  }

  flush(): void {
    for (const [to, link] of this.#links) {
      if (link.taken.length > 0) {
        link.batches.push(link.taken);
        link.taken = [];
        this.#hub.schedule(() => this.#deliver(to, link), this.#id, to);
      }
      if (!link.dropped) continue;
      link.dropped = false;
      this.#hub.schedule(() => this.unreachable(to, false), this.#id, this.#id);
    }
  }

  sendSnapshot(
    to: NodeId,
    snapshot: GroupMessage,
    chunks: SnapshotSource,
    done: (taken: boolean) => void,
  ): void {
    const transfer: Transfer = { snapshot, chunks, done };
    const link = this.#links.get(to);
    if (link === undefined) this.#hub.schedule(() => end(transfer, false), this.#id, this.#id);
    else if (link.transfers.push(transfer) === 1)
      this.#hub.schedule(() => this.#move(to, link), this.#id, to);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const id of this.#links.keys()) this.#forget(id);
    this.#hub.leave(this.#id);
  }

  takesFrom(id: NodeId): boolean {
    return this.#handler !== undefined && this.#links.has(id);
  }

  unreachable(id: NodeId, reset: boolean): void {
    if (this.#links.has(id)) this.#handler?.onUnreachable(id, reset);
  }

  #forget(id: NodeId): void {
    const link = this.#links.get(id);
    this.#links.delete(id);
    if (link === undefined) return;
    link.batches.length = 0;
    for (const transfer of link.transfers.splice(0)) {
      transfer.sink?.abort();
      end(transfer, false);
    }
  }

  #deliver(to: NodeId, link: Link): void {
    const batch = link.batches.shift();
    if (batch === undefined) return;
    link.waiting -= batch.length;
    if (this.#hub.isCut(this.#id, to)) return;
    const target = this.#hub.reach(this.#id, to);
    if (target === undefined) this.unreachable(to, false);
    else target.#handler?.onMessages(this.#id, batch);
  }

  /** The first snapshot of a link goes a step further. */
  #move(to: NodeId, link: Link): void {
    const [transfer] = link.transfers;
    if (transfer === undefined) return;
    const again = (): void => this.#hub.schedule(() => this.#move(to, link), this.#id, to);
    const ended = (taken: boolean): void => {
      if (link.transfers[0] !== transfer) return;
      link.transfers.shift();
      end(transfer, taken);
      if (link.transfers.length > 0) again();
    };
    const target = this.#hub.isCut(this.#id, to) ? undefined : this.#hub.reach(this.#id, to);
    const outcome = this.#step(transfer, target);
    if (outcome === 'moved') again();
    else if (outcome === 'through') transfer.sink?.finish(ended);
    else ended(false);
  }

  #step(transfer: Transfer, target: MemoryTransport | undefined): 'moved' | 'through' | 'failed' {
    const { snapshot, chunks, sink } = transfer;
    if (sink === undefined) {
      if (target === undefined) return 'failed';
      transfer.target = target;
      transfer.sink = target.#handler?.onSnapshot(this.#id, snapshot);
      return transfer.sink === undefined ? 'failed' : 'moved';
    }
    try {
      if (target !== transfer.target) throw new Fault('unavailable', 'the node is gone');
      const chunk = chunks.next();
      if (chunk === undefined) return 'through';
      sink.write(chunk);
      return 'moved';
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      sink.abort();
      return 'failed';
    }
  }
}

function end({ chunks, done }: Transfer, taken: boolean): void {
  chunks.close();
  done(taken);
}
