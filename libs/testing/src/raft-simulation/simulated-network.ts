/**
 * A network that loses, doubles, delays and reorders messages, link by link and in either direction alone;
 * and the peer transport of a node on it.
 */
import { assert, type Random } from '@ringwatch/kernel';
import type { Message, NodeId } from '@ringwatch/raft';
import type { GroupId, GroupMessage, PeerHandler, PeerTransport, SnapshotSource } from '@ringwatch/raft-node';
import type { ProcessLife } from './simulated-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** How the network of one run is. */
export interface NetworkTemper {
  readonly lossRatio: number;
  readonly doubledRatio: number;
  readonly delayMeanMs: number;
  /** Messages of a link may overtake each other. */
  readonly reorders: boolean;
}

/** A snapshot on its way takes so much longer than a message. */
const SNAPSHOT_DELAYS = 5;
const SNAPSHOT_MS_MAX = 5_000;
/** Messages that may be on one link; more are lost, as in a full buffer. */
const LINK_MESSAGES_MAX = 1_000;
/** A second copy of a message may have been kept for so long, behind all cuts, and comes across terms. */
const KEPT_MS_MAX = 5_000;
const KEPT_RATIO = 0.5;

interface Link {
  isCut: boolean;
  cloggedUntilMs: number;
  lastArrivalMs: number;
  onItsWay: number;
}

interface Port {
  readonly life: ProcessLife;
  readonly handler: PeerHandler;
}

export class SimulatedNetwork {
  readonly #ports = new Map<NodeId, Port>();
  readonly #links = new Map<number, Link>();
  #healed = false;
  delivered = 0;
  lost = 0;

  constructor(
    private readonly time: VirtualTime,
    private readonly random: Random,
    private readonly temper: NetworkTemper,
    private readonly onDelivery: (to: NodeId) => void,
  ) {}

  /** Puts a process on the network, in place of an earlier one of the same node. */
  attach(id: NodeId, life: ProcessLife, handler: PeerHandler): void {
    this.#ports.set(id, { life, handler });
  }

  /** Cuts or joins one direction of a link. */
  setCut(from: NodeId, to: NodeId, isCut: boolean): void {
    this.#link(from, to).isCut = isCut;
  }

  /** Nothing arrives on the link before then; what waits comes one by one. */
  clog(from: NodeId, to: NodeId, untilMs: number): void {
    this.#link(from, to).cloggedUntilMs = untilMs;
  }

  /** All links work from now on, and nothing is lost any more. */
  heal(): void {
    this.#healed = true;
    for (const link of this.#links.values()) {
      link.isCut = false;
      link.cloggedUntilMs = 0;
    }
  }

  /** Tells everybody that the connections to `id` were reset. */
  reset(id: NodeId): void {
    for (const [peer, { life, handler }] of this.#ports) {
      if (peer === id || this.#link(id, peer).isCut) continue;
      this.time.after(this.#delayMs(), () => life.enter(() => handler.onUnreachable(id, true)));
    }
  }

  send(from: NodeId, to: NodeId, group: GroupId, message: Message): void {
    const link = this.#link(from, to);
    if (link.isCut || link.onItsWay >= LINK_MESSAGES_MAX || this.#happens(this.temper.lossRatio)) {
      this.lost++;
      if (this.#happens(0.3)) this.#unreachable(from, to);
      return;
    }
    const copies = this.#happens(this.temper.doubledRatio) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      link.onItsWay++;
      const isKept = i > 0 && this.#happens(KEPT_RATIO);
      const delayMs = isKept ? this.random.next() * KEPT_MS_MAX : this.#arrivalMs(link) - this.time.nowMs;
      this.time.after(delayMs, () => {
        link.onItsWay--;
        if (isKept || !link.isCut) this.#deliver(from, to, { group, message });
        else this.lost++;
      });
    }
  }

  sendSnapshot(
    from: NodeId,
    to: NodeId,
    snapshot: GroupMessage,
    source: SnapshotSource,
    done: (taken: boolean) => void,
  ): void {
    const chunks: Uint8Array[] = [];
    for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) chunks.push(chunk);
    source.close();
    const link = this.#link(from, to);
    const receiver = this.#ports.get(to);
    let over = false;
    const end = (taken: boolean): void => {
      if (over) return;
      over = true;
      this.#ports.get(from)?.life.enter(() => done(taken));
    };
    const answer = (taken: boolean): void => void this.time.after(this.#delayMs(), () => end(taken));
    // Whoever takes a snapshot and ends before it is safe never answers; its connection does.
    this.time.after(SNAPSHOT_MS_MAX, () => end(false));
    this.time.after(this.#delayMs() * SNAPSHOT_DELAYS, () => {
      const lost = link.isCut || this.#link(to, from).isCut || this.#happens(this.temper.lossRatio);
      if (receiver === undefined || receiver.life.isOver || lost) return answer(false);
      this.onDelivery(to);
      receiver.life.enter(() => {
        const sink = receiver.handler.onSnapshot(from, snapshot);
        if (sink === undefined) return answer(false);
        for (const chunk of chunks) sink.write(chunk);
        sink.finish(answer);
      });
    });
  }

  #deliver(from: NodeId, to: NodeId, message: GroupMessage): void {
    const port = this.#ports.get(to);
    if (port === undefined || port.life.isOver) {
      this.lost++;
      return;
    }
    this.delivered++;
    this.onDelivery(to);
    port.life.enter(() => port.handler.onMessages(from, [message]));
  }

  #unreachable(from: NodeId, to: NodeId): void {
    const port = this.#ports.get(from);
    this.time.after(1, () => port?.life.enter(() => port.handler.onUnreachable(to, false)));
  }

  #arrivalMs(link: Link): number {
    const atMs = Math.max(this.time.nowMs, link.cloggedUntilMs) + this.#delayMs();
    const inOrderMs = this.temper.reorders ? atMs : Math.max(atMs, link.lastArrivalMs);
    link.lastArrivalMs = Math.max(link.lastArrivalMs, inOrderMs);
    return inOrderMs;
  }

  #delayMs(): number {
    return -Math.log(1 - this.random.next()) * this.temper.delayMeanMs;
  }

  #happens(ratio: number): boolean {
    return !this.#healed && this.random.next() < ratio;
  }

  #link(from: NodeId, to: NodeId): Link {
    const key = from * 1_000 + to;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = { isCut: false, cloggedUntilMs: 0, lastArrivalMs: 0, onItsWay: 0 };
      this.#links.set(key, link);
    }
    return link;
  }
}

/** The transport of one process on a simulated network. */
export class SimulatedTransport implements PeerTransport {
  constructor(
    private readonly network: SimulatedNetwork,
    private readonly id: NodeId,
    private readonly life: ProcessLife,
    private readonly onSend: (message: Message, group: GroupId) => void,
  ) {}

  start(handler: PeerHandler): void {
    this.network.attach(this.id, this.life, handler);
  }

  setPeers(): void {}

  send(to: NodeId, group: GroupId, message: Message): void {
    assert(!this.life.isOver, 'a process that has ended sends nothing');
    this.onSend(message, group);
    this.network.send(this.id, to, group, message);
  }

  flush(): void {}

  sendSnapshot(
    to: NodeId,
    snapshot: GroupMessage,
    source: SnapshotSource,
    done: (taken: boolean) => void,
  ): void {
    this.network.sendSnapshot(this.id, to, snapshot, source, done);
  }

  async close(): Promise<void> {}
}
