/**
 * A connection that a peer has dialled: its hello, then what its lane carries. This end only sends the
 * answer to the hello, and outcomes of snapshots.
 */
import type { Socket } from 'node:net';
import { Fault } from '@ringwatch/kernel';
import type { Message, NodeId } from '@ringwatch/raft';
import { malformed } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { decodeMessages } from './message-codec.ts';
import { isGone, WELCOME_TIMEOUT_MS, type PeerContext } from './peer-dialer.ts';
import {
  ANSWERS,
  beginFrame,
  endFrame,
  FRAME_BYTES_MAX,
  FrameReader,
  HELLO_BYTES_MAX,
  readHello,
  type Answer,
  type FrameKind,
  type Hello,
  type Lane,
} from './peer-frame.ts';
import type { PeerHandler } from './peer-transport.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';

/** What a connection says to the transport that it belongs to. */
export interface AcceptorEvents {
  /** Whether a peer that introduces itself rightly is one that this node knows. */
  knows(from: NodeId): boolean;
  onWelcomed(connection: PeerAcceptor): void;
  /** The connection is gone; `reset` when its other end ended it or died. */
  onClosed(connection: PeerAcceptor, reset: boolean): void;
}

export class PeerAcceptor {
  readonly #context: PeerContext;
  readonly #handler: PeerHandler;
  readonly #events: AcceptorEvents;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  #hello: Hello | undefined;
  #snapshots: SnapshotReceiver | undefined;
  #closed = false;
  readonly #cancelTimer: () => void;

  constructor(context: PeerContext, handler: PeerHandler, socket: Socket, events: AcceptorEvents) {
    this.#context = context;
    this.#handler = handler;
    this.#events = events;
    this.#socket = socket;
    this.#reader = new FrameReader((kind, body) => this.#frame(kind, body), HELLO_BYTES_MAX);
    socket.on('data', (received) => this.#received(received));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(isGone(error.code)));
    socket.on('end', () => this.#end(true));
    socket.on('close', () => this.#end(false));
    this.#cancelTimer = context.clock.after(WELCOME_TIMEOUT_MS, () => this.#end(false));
  }

  /** Who dialled; undefined before its hello was found right. */
  get from(): NodeId | undefined {
    return this.#hello?.from;
  }

  get lane(): Lane | undefined {
    return this.#hello?.lane;
  }

  close(): void {
    this.#end(false);
  }

  #received(received: Buffer): void {
    if (this.#closed) return;
    this.#context.counters.receivedBytes += received.length;
    try {
      this.#reader.push(received);
    } catch (error) {
      if (!(error instanceof Fault) || !PEER_REASONS.has(error.reason)) throw error;
      const fields = { peer: this.from, address: this.#socket.remoteAddress, fault: error.message };
      this.#context.logger.warn(fields, 'closed a connection that cannot be understood');
      if (this.#hello === undefined && error.code === 'unimplemented') this.#refuse('other-version');
      else this.#end(false);
    }
  }

  #frame(kind: FrameKind, body: Buffer): void {
    if (this.#closed) return;
    const hello = this.#hello;
    if (hello === undefined) {
      if (kind !== 'hello') throw malformed('it comes before a hello');
      this.#greeted(readHello(body));
    } else if (this.#snapshots !== undefined) {
      this.#snapshots.take(kind, body);
    } else {
      if (kind !== 'messages') throw malformed(`${kind} where none belongs`);
      const messages = decodeMessages(body, hello.from, this.#context.nodeId);
      for (const { message } of messages) checkMessage(message);
      this.#handler.onMessages(hello.from, messages);
    }
  }

  #greeted(hello: Hello): void {
    const answer = this.#answerTo(hello);
    if (answer !== 'welcome') {
      const fields = { ...hello, address: this.#socket.remoteAddress, answer };
      this.#context.logger.warn(fields, 'refused a connection');
      this.#refuse(answer);
      return;
    }
    this.#cancelTimer();
    this.#hello = hello;
    this.#reader.bytesMax = FRAME_BYTES_MAX;
    const { nodeId, logger } = this.#context;
    if (hello.lane === 'snapshot') {
      const outcome = (taken: boolean): void => this.#send('outcome', taken ? 1 : 0);
      this.#snapshots = new SnapshotReceiver(this.#handler, hello.from, nodeId, logger, outcome);
    }
    this.#send('answer', ANSWERS.indexOf('welcome'));
    this.#events.onWelcomed(this);
  }

  #answerTo({ clusterId, from, to }: Hello): Answer {
    if (clusterId !== this.#context.clusterId) return 'other-cluster';
    if (to !== this.#context.nodeId) return 'other-node';
    return this.#events.knows(from) ? 'welcome' : 'unknown-peer';
  }

  #refuse(answer: Answer): void {
    this.#send('answer', ANSWERS.indexOf(answer));
    this.#end(false);
  }

  #send(kind: FrameKind, code: number): void {
    if (this.#closed) return;
    const writer = new ByteWriter();
    const at = beginFrame(writer, kind);
    writer.u8(code);
    endFrame(writer, at);
    this.#context.counters.sentBytes += writer.length;
    this.#socket.write(writer.bytes);
  }

  #end(reset: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer();
    // A refusal still has to leave.
    this.#socket.destroySoon();
    this.#snapshots?.close();
    this.#events.onClosed(this, reset);
  }
}

/** Faults that a peer's bytes cause; others come out of the handler and are not the peer's. */
const PEER_REASONS = new Set(['peer_frame_malformed', 'peer_version_unknown']);

/** What no leader sends must not come to the log. @throws {Fault} as for bytes that are malformed. */
function checkMessage({ type, term, index, logTerm, entries }: Message): void {
  if (type === 'MsgSnap') throw malformed('a snapshot has a connection of its own');
  if (type !== 'MsgApp') return;
  let [lastIndex, lastTerm] = [index, logTerm];
  for (const entry of entries) {
    if (entry.index !== ++lastIndex || entry.term < lastTerm || entry.term > term) {
      throw malformed('entries that do not follow each other');
    }
    lastTerm = entry.term;
  }
}
