/**
 * Messages on their way to a peer by one connection. They are encoded when they are sent, into blocks of
 * memory that come back when the socket has taken them: a flush is one write, and little is allocated.
 *
 * 1. While a write is under way the next one gathers, and goes by itself when that has ended. What waits in
 *    both is bounded, and a message beyond that is dropped and told.
 * 2. Messages wait for the attempt to connect that is under way, not for the one after the next backoff:
 *    they would be of the past by then.
 */
import type { Message, NodeId } from '@ringwatch/raft';
import { ByteWriter } from '../byte-writer.ts';
import { encodeMessage } from './message-codec.ts';
import { PeerDialer, type DownReason, type PeerContext } from './peer-dialer.ts';
import { beginFrame, bodyBytes, endFrame, FRAME_BYTES_MAX, type Lane } from './peer-frame.ts';
import type { PeerAddress } from './peer-socket.ts';
import type { GroupId } from './peer-transport.ts';

/** A frame that is at least this long is full: its receiver should not wait for more of it. */
const FULL_FRAME_BYTES = 16 * 1024;
/** So that one more message fits into a frame that is not full. */
const MESSAGE_BYTES_MAX = FRAME_BYTES_MAX - FULL_FRAME_BYTES;
/** A block that is at least this long is full; smaller ones stay in the processor's cache. */
const FULL_BLOCK_BYTES = 256 * 1024;
/** Blocks that are kept for the next flush. */
const FREE_BLOCKS_MAX = 8;

/** What a lane says to its owner. */
export interface LaneEvents {
  onUp(): void;
  onDown(reason: DownReason): void;
}

export class MessageLane {
  readonly #context: PeerContext;
  readonly #to: NodeId;
  readonly #waitingBytesMax: number;
  readonly #dialer: PeerDialer;
  /** What takes the next message. */
  #block = new ByteWriter();
  /** Place in it of the frame that does. */
  #frameAt: number | undefined;
  #full: ByteWriter[] = [];
  /** What the socket holds. */
  #written: readonly ByteWriter[] = [];
  /** Bytes in the full blocks and in those that the socket holds. */
  #waitingBytes = 0;
  readonly #free: ByteWriter[] = [];

  constructor(
    context: PeerContext,
    to: NodeId,
    address: PeerAddress,
    lane: Exclude<Lane, 'snapshot'>,
    waitingBytesMax: number,
    events: LaneEvents,
  ) {
    this.#context = context;
    this.#to = to;
    this.#waitingBytesMax = waitingBytesMax;
    this.#dialer = new PeerDialer(context, to, address, lane, {
      onUp: () => {
        events.onUp();
        this.flush();
      },
      onDown: (reason) => {
        this.#forget();
        events.onDown(reason);
      },
      onWritten: () => this.#onWritten(),
      onFrame: () => this.#dialer.drop('a frame where none belongs'),
    });
  }

  dial(): void {
    this.#dialer.dial();
  }

  close(): void {
    this.#dialer.close();
  }

  /**
   * Takes a message for the next flush. False when it was dropped for want of room; what is dropped between
   * two attempts to connect was told by `onDown`.
   */
  send(group: GroupId, message: Message): boolean {
    if (this.#dialer.isWaiting) {
      this.#context.counters.droppedMessages++;
      return true;
    }
    const block = this.#block;
    const { length } = block;
    const frameAt = this.#frameAt ?? beginFrame(block, 'messages');
    const from = block.length;
    encodeMessage(block, this.#context.nodeId, this.#to, group, message);
    const bytes = block.length - from;
    const waitingBytes = this.#waitingBytes + length;
    // Alone it may be larger, or it could never be sent.
    const tooMuch = waitingBytes > 0 && waitingBytes + bytes > this.#waitingBytesMax;
    if (tooMuch || bytes > MESSAGE_BYTES_MAX) {
      block.truncate(length);
      this.#context.counters.droppedMessages++;
      const fields = { peer: this.#to, group, bytes };
      if (!tooMuch) this.#context.logger.error(fields, 'a message is too long to send');
      return false;
    }
    this.#frameAt = frameAt;
    if (bodyBytes(block, frameAt) >= FULL_FRAME_BYTES) this.#endFrame();
    return true;
  }

  /** Writes what was taken, unless a write is under way. */
  flush(): void {
    if (!this.#dialer.isUp || this.#written.length > 0) return;
    this.#endFrame();
    if (this.#block.length > 0) this.#nextBlock();
    if (this.#full.length === 0) return;
    this.#written = this.#full;
    this.#full = [];
    if (this.#dialer.write(this.#written)) this.#recycle();
  }

  #endFrame(): void {
    if (this.#frameAt === undefined) return;
    endFrame(this.#block, this.#frameAt);
    this.#frameAt = undefined;
    if (this.#block.length >= FULL_BLOCK_BYTES) this.#nextBlock();
  }

  #nextBlock(): void {
    this.#waitingBytes += this.#block.length;
    this.#full.push(this.#block);
    this.#block = this.#free.pop() ?? new ByteWriter();
  }

  #onWritten(): void {
    if (this.#written.length === 0) return;
    this.#recycle();
    this.flush();
  }

  /** The socket has taken what was written. */
  #recycle(): void {
    for (const block of this.#written) {
      this.#waitingBytes -= block.length;
      block.reset();
      if (this.#free.length < FREE_BLOCKS_MAX) this.#free.push(block);
    }
    this.#written = [];
  }

  /** What waited is lost with the connection. */
  #forget(): void {
    this.#recycle();
    this.#full = [];
    this.#waitingBytes = 0;
    this.#block.reset();
    this.#frameAt = undefined;
  }
}
