/**
 * A wire between two processes that a test can hold and cut: a port that passes on what it is told, in
 * front of a node's own.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Where a hello says what its connection is for: behind the frame's header. */
const LANE_AT = 6;
export const WIRE_LANES = ['control', 'append', 'snapshot'] as const;
export type WireLane = (typeof WIRE_LANES)[number];

interface Passage {
  readonly near: Socket;
  readonly far: Socket;
  lane: WireLane | undefined;
}

export class PeerWire {
  readonly #server: Server;
  readonly #target: () => string;
  readonly #passages = new Set<Passage>();
  #isHeld: (lane: WireLane) => boolean = () => false;

  /** @param target where it leads, `host:port`, looked up for each connection. */
  static async lay(target: () => string): Promise<PeerWire> {
    const wire = new PeerWire(target);
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  private constructor(target: () => string) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (near) => this.#connect(near));
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lanes that have a connection through this wire. */
  get lanes(): WireLane[] {
    return Array.from(this.#passages, ({ lane }) => lane).filter((lane) => lane !== undefined);
  }

  /** From now on nothing is read from connections of these lanes. */
  hold(...lanes: readonly WireLane[]): void {
    this.#isHeld = (lane) => lanes.includes(lane);
    for (const { near, lane } of this.#passages) if (lane !== undefined && lanes.includes(lane)) near.pause();
  }

  release(): void {
    this.#isHeld = () => false;
    for (const { near } of this.#passages) near.resume();
  }

  /** Ends connections of these lanes as the operating system does for a process that was killed. */
  reset(...lanes: readonly WireLane[]): void {
    for (const { near, far, lane } of this.#passages) {
      if (lane === undefined || !lanes.includes(lane)) continue;
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    for (const { near, far } of this.#passages) {
      near.destroy();
      far.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(near: Socket): void {
    const [host, port] = this.#target().split(':');
    const far = connect({ host: host as string, port: Number(port), noDelay: true });
    const passage: Passage = { near, far, lane: undefined };
    this.#passages.add(passage);
    near.on('data', (bytes) => {
      passage.lane ??= WIRE_LANES[bytes[LANE_AT] ?? WIRE_LANES.length];
      if (passage.lane !== undefined && this.#isHeld(passage.lane)) near.pause();
      if (!far.write(bytes)) near.pause();
    });
    far.on('drain', () => {
      if (passage.lane === undefined || !this.#isHeld(passage.lane)) near.resume();
    });
    far.on('data', (bytes) => near.write(bytes));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('end', () => other.end());
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => {
        this.#passages.delete(passage);
        other.destroy();
      });
    }
  }
}
