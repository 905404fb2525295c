import type { NodeId } from '@ringwatch/raft';
import { MemoryHub } from '@ringwatch/raft-node';
import { PeerRecorder } from './peer-recorder.ts';
import { describePeerTransport, type PeerNetwork, type PeerNode } from './peer-transport-contract.ts';
import { TcpNetwork } from './tcp-network.ts';

describePeerTransport('memory', () => new MemoryNetwork());

describePeerTransport('TCP', () => new TcpNetwork({ appendBytesMax: 256 * 1024 }));

class MemoryNetwork implements PeerNetwork {
  readonly #hub = new MemoryHub((callback, from, to) => {
    if (this.#held === undefined || from === to) setImmediate(callback);
    else this.#held.push(callback);
  });
  readonly #nodes = new Map<NodeId, PeerNode>();
  /** What is on its way and waits. */
  #held: (() => void)[] | undefined;

  async open(ids: readonly NodeId[]): Promise<ReadonlyMap<NodeId, PeerNode>> {
    for (const id of ids) this.#join(id, ids);
    return this.#nodes;
  }

  async reopen(id: NodeId): Promise<PeerNode> {
    return this.#join(id, [...this.#nodes.keys()]);
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    for (const callback of this.#held ?? []) setImmediate(callback);
    this.#held = undefined;
  }

  async close(): Promise<void> {
    for (const { transport } of this.#nodes.values()) await transport.close();
  }

  #join(id: NodeId, ids: readonly NodeId[]): PeerNode {
    const transport = this.#hub.join(id);
    const recorder = new PeerRecorder();
    transport.setPeers(new Map(ids.map((id) => [id, 'anywhere'])));
    transport.start(recorder);
    const node = { transport, recorder };
    this.#nodes.set(id, node);
    return node;
  }
}
