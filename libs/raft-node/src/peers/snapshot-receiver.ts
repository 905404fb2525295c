/** The receiving end of a snapshot connection: what it announces goes into sinks, one after the other. */
import { Fault, type Logger } from '@ringwatch/kernel';
import type { NodeId } from '@ringwatch/raft';
import { malformed } from '../byte-reader.ts';
import { decodeMessages } from './message-codec.ts';
import type { FrameKind } from './peer-frame.ts';
import type { PeerHandler, SnapshotSink } from './peer-transport.ts';

/** What it has to do with what comes: nothing yet, write it, wait for the disk, or let it pass unread. */
type Receiving =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'chunks'; readonly sink: SnapshotSink }
  | { readonly kind: 'finishing' }
  | { readonly kind: 'refused' };

export class SnapshotReceiver {
  readonly #handler: PeerHandler;
  readonly #from: NodeId;
  readonly #to: NodeId;
  readonly #logger: Logger;
  readonly #answer: (taken: boolean) => void;
  #receiving: Receiving = { kind: 'nothing' };

  /** @param answer sends the outcome of a snapshot to its sender. */
  constructor(
    handler: PeerHandler,
    from: NodeId,
    to: NodeId,
    logger: Logger,
    answer: (taken: boolean) => void,
  ) {
    this.#handler = handler;
    this.#from = from;
    this.#to = to;
    this.#logger = logger;
    this.#answer = answer;
  }

  /** @throws {Fault} `data_loss`, reason `peer_frame_malformed`, for a frame that is out of place. */
  take(kind: FrameKind, body: Buffer): void {
    const receiving = this.#receiving;
    if (kind === 'snapshot' && (receiving.kind === 'nothing' || receiving.kind === 'refused')) {
      this.#begin(body);
    } else if (kind === 'chunk' && receiving.kind === 'chunks') {
      this.#write(receiving.sink, body);
    } else if (kind === 'end' && receiving.kind === 'chunks') {
      this.#receiving = { kind: 'finishing' };
      receiving.sink.finish((taken) => this.#finished(taken));
    } else if (kind === 'abort' && receiving.kind === 'chunks') {
      receiving.sink.abort();
      this.#refuse();
    } else if (receiving.kind !== 'refused') {
      throw malformed(`${kind} where none belongs`);
    }
  }

  /** The connection is gone. */
  close(): void {
    if (this.#receiving.kind === 'chunks') this.#receiving.sink.abort();
    this.#receiving = { kind: 'refused' };
  }

  #begin(body: Buffer): void {
    const [snapshot, ...others] = decodeMessages(body, this.#from, this.#to);
    if (snapshot?.message.type !== 'MsgSnap' || others.length > 0)
      throw malformed('no snapshot is announced');
    const sink = this.#handler.onSnapshot(this.#from, snapshot);
    if (sink === undefined) this.#refuse();
    else this.#receiving = { kind: 'chunks', sink };
  }

  #write(sink: SnapshotSink, chunk: Buffer): void {
    try {
      sink.write(chunk);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#logger.error({ peer: this.#from, fault: error.message }, 'a snapshot cannot be written');
      sink.abort();
      this.#refuse();
    }
  }

  #refuse(): void {
    this.#receiving = { kind: 'refused' };
    this.#answer(false);
  }

  #finished(taken: boolean): void {
    if (this.#receiving.kind !== 'finishing') return;
    this.#receiving = { kind: 'nothing' };
    this.#answer(taken);
  }
}
