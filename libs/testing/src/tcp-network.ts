import { FakeClock, MemoryLogger, SeededRandom } from '@ringwatch/kernel/fake';
import { newMessage, type Message, type NodeId } from '@ringwatch/raft';
import { TcpTransport, type TcpTransportOptions } from '@ringwatch/raft-node';
import { PeerRecorder } from './peer-recorder.ts';
import { appendAt, polls } from './peer-samples.ts';
import type { PeerNetwork, PeerNode } from './peer-transport-contract.ts';
import { PeerWire, WIRE_LANES } from './peer-wire.ts';

/** A node of a {@link TcpNetwork}. */
export interface TcpNode extends PeerNode {
  readonly transport: TcpTransport;
  /** What it logged at these levels. */
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
}

/**
 * Nodes in this process that talk over real sockets, each to each by a wire that tests can hold and cut. The
 * clock stands still, so nothing is tried again unless a test lets time pass.
 */
export class TcpNetwork implements PeerNetwork {
  readonly clock = new FakeClock();
  readonly #options: Partial<TcpTransportOptions>;
  readonly #nodes = new Map<NodeId, TcpNode>();
  readonly #wires = new Map<string, PeerWire>();

  constructor(options: Partial<TcpTransportOptions> = {}) {
    this.#options = options;
  }

  async open(ids: readonly NodeId[]): Promise<ReadonlyMap<NodeId, TcpNode>> {
    for (const from of ids) {
      for (const to of ids) {
        if (from !== to) this.#wires.set(`${from}-${to}`, await PeerWire.lay(() => this.#addressOf(to)));
      }
    }
    for (const id of ids) this.#nodes.set(id, await this.#listen(id));
    for (const id of ids) this.#introduce(id);
    return this.#nodes;
  }

  /** Two nodes with all their message connections up, proved by an append and a heartbeat. */
  async connect(): Promise<{ readonly one: TcpNode; readonly two: TcpNode }> {
    const nodes = await this.open([1, 2]);
    const [one, two] = [nodes.get(1) as TcpNode, nodes.get(2) as TcpNode];
    sendAlone(one, appendAt(1));
    sendAlone(one, newMessage('MsgHeartbeat', 1, 2, 1));
    await two.recorder.until(() => two.recorder.messages.length === 2);
    // The other way connects by itself, so only its welcome has to be waited for.
    while (this.wire(2, 1).lanes.length < 2) await polls();
    await polls();
    return { one, two };
  }

  async reopen(id: NodeId): Promise<TcpNode> {
    const node = await this.#listen(id);
    this.#nodes.set(id, node);
    this.#introduce(id);
    return node;
  }

  wire(from: NodeId, to: NodeId): PeerWire {
    return this.#wires.get(`${from}-${to}`) as PeerWire;
  }

  hold(): void {
    for (const wire of this.#wires.values()) wire.hold(...WIRE_LANES);
  }

  release(): void {
    for (const wire of this.#wires.values()) wire.release();
  }

  async close(): Promise<void> {
    for (const { transport } of this.#nodes.values()) await transport.close();
    for (const wire of this.#wires.values()) await wire.close();
  }

  async #listen(nodeId: NodeId): Promise<TcpNode> {
    const logger = new MemoryLogger();
    const { clock } = this;
    const random = new SeededRandom(nodeId);
    const options = { nodeId, clusterId: 'test', clock, random, logger, ...this.#options };
    const transport = await TcpTransport.listen(options);
    const recorder = new PeerRecorder();
    transport.start(recorder);
    const logged = (level: string): string[] =>
      logger.lines.filter((line) => line.level === level).map(({ message }) => message);
    return {
      transport,
      recorder,
      get warnings() {
        return logged('warn');
      },
      get errors() {
        return logged('error');
      },
    };
  }

  #introduce(id: NodeId): void {
    const others = [...this.#nodes.keys()].filter((other) => other !== id);
    const addresses = new Map(others.map((other) => [other, this.wire(id, other).address]));
    this.#nodes.get(id)?.transport.setPeers(addresses);
  }

  #addressOf(id: NodeId): string {
    return (this.#nodes.get(id) as TcpNode).transport.address;
  }
}

/** Sends one message by a flush of its own. */
export function sendAlone({ transport }: TcpNode, message: Message, to: NodeId = 2): void {
  transport.send(to, 1, message);
  transport.flush();
}
