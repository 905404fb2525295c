/**
 * Snapshots on their way to a peer, one after the other by one connection: a frame that announces it, its
 * state in chunks, an end. The peer answers each with one outcome, maybe before the end when it does not
 * want it; only then the next one begins.
 *
 * 1. A chunk is read when the one before has left, and one a turn at most, so that neither a slow peer fills
 *    memory nor a fast one keeps this process from everything else.
 * 2. `done` is called once for each snapshot, after its source was closed, and not from within `send`.
 */
import { Fault } from '@ringwatch/kernel';
import type { NodeId } from '@ringwatch/raft';
import { ByteWriter } from '../byte-writer.ts';
import { encodeMessage } from './message-codec.ts';
import { PeerDialer, type PeerContext } from './peer-dialer.ts';
import { beginFrame, endFrame, type FrameKind } from './peer-frame.ts';
import type { PeerAddress } from './peer-socket.ts';
import type { GroupMessage, SnapshotSource } from './peer-transport.ts';
import { CHUNK_BYTES_MAX } from '../group/snapshot-files.ts';

/** Snapshots that wait for the one that is being sent; more are refused at once, and tried again by Raft. */
export const SNAPSHOTS_WAITING_MAX = 64;
/** A peer that neither takes a chunk nor gives an outcome for this long is given up. */
export const SNAPSHOT_STALL_MS = 30_000;

interface Job {
  readonly snapshot: GroupMessage;
  readonly chunks: SnapshotSource;
  readonly done: (taken: boolean) => void;
  /** What is left of a chunk that is larger than one may be. */
  rest: Uint8Array | undefined;
  /** False once the end, or that it was given up, is on its way. */
  sending: boolean;
}

export class SnapshotLane {
  readonly #context: PeerContext;
  readonly #to: NodeId;
  readonly #dialer: PeerDialer;
  readonly #writer = new ByteWriter();
  readonly #waiting: Job[] = [];
  #current: Job | undefined;
  /** True while the socket holds the writer's bytes. */
  #blocked = false;
  #cancelStall: () => void = () => undefined;

  constructor(context: PeerContext, to: NodeId, address: PeerAddress) {
    this.#context = context;
    this.#to = to;
    this.#dialer = new PeerDialer(context, to, address, 'snapshot', {
      onUp: () => this.#advance(),
      onDown: () => this.#failAll(),
      onWritten: () => this.#onWritten(),
      onFrame: (kind, body) => this.#outcome(kind, body),
    });
  }

  /** Sends a snapshot when those before it are through; connects when there is no connection. */
  send(snapshot: GroupMessage, chunks: SnapshotSource, done: (taken: boolean) => void): void {
    const job: Job = { snapshot, chunks, done, rest: undefined, sending: true };
    if (this.#dialer.isWaiting || this.#waiting.length >= SNAPSHOTS_WAITING_MAX) {
      queueMicrotask(() => end(job, false));
      return;
    }
    this.#waiting.push(job);
    this.#dialer.dial();
    this.#advance();
  }

  close(): void {
    this.#dialer.close();
    this.#failAll();
  }

  /** Does the next step, once the socket has taken the one before. */
  #advance(): void {
    if (!this.#dialer.isUp || this.#writer.length > 0) return;
    if (this.#current === undefined) this.#begin();
    else if (this.#current.sending) this.#pump(this.#current);
  }

  #begin(): void {
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#current = job;
    const { group, message } = job.snapshot;
    const at = beginFrame(this.#writer, 'snapshot');
    encodeMessage(this.#writer, this.#context.nodeId, this.#to, group, message);
    endFrame(this.#writer, at);
    this.#write();
  }

  /** Sends the next chunk, or what comes after the last one. */
  #pump(job: Job): void {
    const chunk = this.#chunkOf(job);
    job.sending = typeof chunk !== 'string';
    const at = beginFrame(this.#writer, typeof chunk === 'string' ? chunk : 'chunk');
    if (typeof chunk !== 'string') this.#writer.data(chunk);
    endFrame(this.#writer, at);
    this.#write();
  }

  #chunkOf(job: Job): Uint8Array | 'end' | 'abort' {
    try {
      const chunk = job.rest ?? job.chunks.next();
      if (chunk === undefined) return 'end';
      job.rest = chunk.length > CHUNK_BYTES_MAX ? chunk.subarray(CHUNK_BYTES_MAX) : undefined;
      return chunk.subarray(0, CHUNK_BYTES_MAX);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const fields = { peer: this.#to, group: job.snapshot.group, fault: error.message };
      this.#context.logger.error(fields, 'a snapshot cannot be read, so it is not sent');
      return 'abort';
    }
  }

  #write(): void {
    this.#watch();
    this.#blocked = !this.#dialer.write([this.#writer]);
    if (this.#blocked) return;
    this.#writer.reset();
    setImmediate(() => this.#advance());
  }

  #onWritten(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#writer.reset();
    this.#advance();
  }

  #watch(): void {
    this.#cancelStall();
    this.#cancelStall = this.#context.clock.after(SNAPSHOT_STALL_MS, () =>
      this.#dialer.drop('it takes no more of a snapshot'),
    );
  }

  #outcome(kind: FrameKind, body: Buffer): void {
    const job = this.#current;
    if (kind !== 'outcome' || body.length !== 1 || job === undefined) {
      this.#dialer.drop('a frame where none belongs');
      return;
    }
    this.#cancelStall();
    this.#current = undefined;
    end(job, body[0] === 1);
    this.#advance();
  }

  #failAll(): void {
    this.#cancelStall();
    this.#writer.reset();
    const jobs = this.#waiting.splice(0);
    if (this.#current !== undefined) jobs.unshift(this.#current);
    this.#current = undefined;
    for (const job of jobs) end(job, false);
  }
}

function end({ chunks, done }: Job, taken: boolean): void {
  chunks.close();
  done(taken);
}
