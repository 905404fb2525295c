import { FakeClock, MemoryLogger, SeededRandom } from '@ringwatch/kernel/fake';
import type { NodeId } from '@ringwatch/raft';
import { TcpTransport, type TcpTransportOptions } from '@ringwatch/raft-node';
import { PeerRecorder } from './peer-recorder.ts';
import type { PeerNetwork, PeerNode } from './peer-transport-contract.ts';
import { PeerWire, WIRE_LANES } from './peer-wire.ts';

/** A node of a {@link TcpNetwork}. */
export interface TcpNode extends PeerNode {
  readonly transport: TcpTransport;
  readonly logger: MemoryLogger;
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
    return { transport, recorder, logger };
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
