/**
 * Messages on their way to a peer by one connection. They are encoded when they are sent, into the one of two
 * writers that the socket does not hold, so that a flush is one write and nothing is allocated per message.
 *
 * 1. While a write is under way the next one gathers; what waits in both is bounded, and a message beyond
 *    that is dropped and told.
 * 2. Messages wait for the attempt to connect that is under way, not for the one after the next backoff:
 *    they would be of the past by then.
 * 3. A message leaves by a flush that was called after it was sent.
 */
import type { Message, NodeId } from '@ringwatch/raft';
import { ByteWriter } from './byte-writer.ts';
import { encodeMessage } from './message-codec.ts';
import { PeerDialer, type DownReason, type PeerContext } from './peer-dialer.ts';
import { beginFrame, bodyBytes, endFrame, FRAME_BYTES_MAX, type Lane } from './peer-frame.ts';
import type { PeerAddress } from './peer-socket.ts';
import type { GroupId } from './peer-transport.ts';

/** A frame that is at least this long is full: its receiver should not wait for more of it. */
const FULL_FRAME_BYTES = 64 * 1024;
/** So that one more message fits into a frame that is not full. */
const MESSAGE_BYTES_MAX = FRAME_BYTES_MAX - FULL_FRAME_BYTES;
/** A writer that grew beyond this is not kept. */
const KEPT_BYTES = 1024 * 1024;

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
  #writer = new ByteWriter();
  /** What the socket holds; empty when it holds nothing. */
  #written = new ByteWriter();
  /** Place of the frame that takes the next message. */
  #frameAt: number | undefined;

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
        if (this.#frameAt === undefined) this.#write();
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
    const writer = this.#writer;
    const { length } = writer;
    const frameAt = this.#frameAt ?? beginFrame(writer, 'messages');
    const from = writer.length;
    encodeMessage(writer, this.#context.nodeId, this.#to, group, message);
    const bytes = writer.length - from;
    const waitingBytes = this.#written.length + length;
    // Alone it may be larger, or it could never be sent.
    const tooMuch = waitingBytes > 0 && waitingBytes + bytes > this.#waitingBytesMax;
    if (tooMuch || bytes > MESSAGE_BYTES_MAX) {
      writer.truncate(length);
      if (!tooMuch)
        this.#context.logger.error({ peer: this.#to, group, bytes }, 'a message is too long to send');
      this.#context.counters.droppedMessages++;
      return false;
    }
    this.#frameAt = frameAt;
    if (bodyBytes(writer, frameAt) >= FULL_FRAME_BYTES) this.#endFrame();
    return true;
  }

  flush(): void {
    if (this.#frameAt !== undefined) this.#endFrame();
    this.#write();
  }

  #write(): void {
    if (!this.#dialer.isUp || this.#writer.length === 0 || this.#written.length > 0) return;
    const writer = this.#writer;
    this.#writer = this.#written;
    this.#written = writer;
    if (this.#dialer.write(writer.bytes)) writer.reset(KEPT_BYTES);
  }

  #onWritten(): void {
    this.#written.reset(KEPT_BYTES);
    if (this.#frameAt === undefined) this.#write();
  }

  /** What waited is lost with the connection. */
  #forget(): void {
    this.#writer.reset(KEPT_BYTES);
    this.#written.reset(KEPT_BYTES);
    this.#frameAt = undefined;
  }

  #endFrame(): void {
    endFrame(this.#writer, this.#frameAt as number);
    this.#frameAt = undefined;
  }
}
