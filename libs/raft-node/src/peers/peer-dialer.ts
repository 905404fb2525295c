/**
 * One connection to a peer for one lane, dialled again whenever it is gone. Only this end sends on it, but
 * for the answer to its hello and the outcomes of snapshots.
 *
 *     idle ── dial ──► dialling ── welcome ──► up
 *                        │  ▲                  │
 *             no answer, │  │ backoff, wake    │ gone
 *                refused ▼  │                  │
 *                       waiting ◄──────────────┘
 *
 * 1. Nothing but the hello is written before the peer has said welcome.
 * 2. Attempts are apart by a backoff with jitter, which begins anew only after a connection has lasted.
 * 3. Each state is left by one event; what a socket says after its connection was given up is not heard.
 */
import type { Socket } from 'node:net';
import { backoffMs, Fault, type Clock, type Logger, type Random } from '@ringwatch/kernel';
import type { NodeId } from '@ringwatch/raft';
import { ByteWriter } from '../byte-writer.ts';
import {
  FrameReader,
  HELLO_BYTES_MAX,
  readAnswer,
  writeHello,
  type Answer,
  type FrameKind,
  type Lane,
} from './peer-frame.ts';
import { dialPeer, formatAddress, type PeerAddress } from './peer-socket.ts';

/** From the start of an attempt to the peer's welcome. */
export const WELCOME_TIMEOUT_MS = 5_000;
export const BACKOFF_BASE_MS = 20;
export const BACKOFF_MAX_MS = 1_000;
/** A connection that lasted this long was a good one. */
const LASTED_MS = 1_000;

/** What this process is and has, the same for all of its connections. */
export interface PeerContext {
  readonly nodeId: NodeId;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly counters: PeerCounters;
}

/** What went through the connections of this process since its start; they keep it. */
export interface PeerCounters {
  sentBytes: number;
  receivedBytes: number;
  droppedMessages: number;
}

/** Why a connection is not there: its other end is gone, nobody listens there, or anything else. */
export type DownReason = 'gone' | 'refused' | 'failed';

/** What a connection says to the lane that uses it. */
export interface DialerEvents {
  onUp(): void;
  /** An attempt has failed, or a connection has ended; another attempt follows by itself. */
  onDown(reason: DownReason): void;
  /** Everything that was written has left this process. */
  onWritten(): void;
  onFrame(kind: FrameKind, body: Buffer): void;
}

export class PeerDialer {
  readonly #context: PeerContext;
  readonly #to: NodeId;
  readonly #address: PeerAddress;
  readonly #lane: Lane;
  readonly #events: DialerEvents;
  #state: 'idle' | 'dialling' | 'up' | 'waiting' | 'closed' = 'idle';
  #socket: Socket | undefined;
  #cancelTimer: () => void = () => undefined;
  #attempt = 0;
  #upSinceMs = 0;
  /** The last failure that was logged: the same one again is no news. */
  #logged: string | undefined;

  constructor(context: PeerContext, to: NodeId, address: PeerAddress, lane: Lane, events: DialerEvents) {
    this.#context = context;
    this.#to = to;
    this.#address = address;
    this.#lane = lane;
    this.#events = events;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** True between an attempt that failed and the next one. */
  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** Begins an attempt, unless one is under way or has succeeded. */
  dial(): void {
    if (this.#state !== 'idle' && this.#state !== 'waiting') return;
    this.#state = 'dialling';
    this.#cancelTimer();
    const socket = dialPeer(this.#address);
    this.#socket = socket;
    const reader = new FrameReader((kind, body) => this.#frame(socket, kind, body), HELLO_BYTES_MAX);
    socket.on('connect', () => this.#greet(socket));
    socket.on('data', (received) => this.#received(socket, reader, received));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(socket, error.code ?? error.message));
    socket.on('end', () => this.#lost(socket, 'EOF'));
    socket.on('close', () => this.#lost(socket, 'closed'));
    this.#cancelTimer = this.#context.clock.after(WELCOME_TIMEOUT_MS, () => this.#lost(socket, 'no answer'));
  }

  /**
   * Writes blocks of whole frames; only while it {@link PeerDialer.isUp}.
   * @returns true when their memory may be used again at once, otherwise after `onWritten`.
   */
  write(blocks: readonly ByteWriter[]): boolean {
    const socket = this.#socket as Socket;
    if (blocks.length > 1) socket.cork();
    for (const { bytes } of blocks) {
      this.#context.counters.sentBytes += bytes.length;
      socket.write(bytes, this.#written);
    }
    if (blocks.length > 1) socket.uncork();
    return socket.writableLength === 0;
  }

  /** Gives up this connection or attempt; another follows after a backoff. */
  drop(why: string): void {
    if (this.#socket !== undefined) this.#lost(this.#socket, why);
  }

  close(): void {
    this.#state = 'closed';
    this.#cancelTimer();
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  readonly #written = (): void => {
    if (this.#state === 'up' && this.#socket?.writableLength === 0) this.#events.onWritten();
  };

  #greet(socket: Socket): void {
    const { clusterId, nodeId: from } = this.#context;
    const writer = new ByteWriter();
    writeHello(writer, { lane: this.#lane, clusterId, from, to: this.#to });
    socket.write(writer.bytes);
  }

  #received(socket: Socket, reader: FrameReader, received: Buffer): void {
    if (socket !== this.#socket) return;
    this.#context.counters.receivedBytes += received.length;
    try {
      reader.push(received);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#lost(socket, error.message);
    }
  }

  #frame(socket: Socket, kind: FrameKind, body: Buffer): void {
    if (socket !== this.#socket) return;
    if (this.#state === 'up') {
      this.#events.onFrame(kind, body);
      return;
    }
    const answer = kind === 'answer' ? readAnswer(body) : 'other-version';
    if (answer === 'welcome') this.#welcome();
    else this.#refused(socket, answer);
  }

  #welcome(): void {
    this.#cancelTimer();
    this.#state = 'up';
    this.#upSinceMs = this.#context.clock.monotonicMs();
    this.#logged = undefined;
    this.#context.logger.debug(this.#fields(), 'connected to a peer');
    this.#events.onUp();
  }

  #refused(socket: Socket, answer: Answer): void {
    this.#log(answer, 'a peer refuses the connection of this node');
    this.#lost(socket, answer);
  }

  #lost(socket: Socket, why: string): void {
    if (socket !== this.#socket) return;
    const wasUp = this.#state === 'up';
    socket.destroy();
    this.#socket = undefined;
    this.#cancelTimer();
    this.#state = 'waiting';
    const { clock, random } = this.#context;
    if (wasUp && clock.monotonicMs() - this.#upSinceMs >= LASTED_MS) this.#attempt = 0;
    const delayMs = backoffMs(random, this.#attempt++, BACKOFF_BASE_MS, BACKOFF_MAX_MS);
    this.#cancelTimer = clock.after(delayMs, () => this.dial());
    this.#log(why, wasUp ? 'lost the connection to a peer' : 'cannot reach a peer');
    this.#events.onDown(downReason(wasUp, why));
  }

  #log(why: string, message: string): void {
    if (why === this.#logged) return;
    this.#logged = why;
    this.#context.logger.warn({ ...this.#fields(), why }, message);
  }

  #fields(): object {
    return { peer: this.#to, lane: this.#lane, address: formatAddress(this.#address) };
  }
}

/** True for what the operating system says when the process at the other end is gone. */
export function isGone(code: string | undefined): boolean {
  return code === 'EOF' || code === 'ECONNRESET' || code === 'EPIPE';
}

function downReason(wasUp: boolean, why: string): DownReason {
  if (wasUp) return isGone(why) ? 'gone' : 'failed';
  return why === 'ECONNREFUSED' ? 'refused' : 'failed';
}
