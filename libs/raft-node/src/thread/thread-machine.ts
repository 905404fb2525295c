/**
 * The state machine of a group, seen from the Raft worker: the real one lives in the main thread. Entries
 * count as applied when they are in the stream to it, for everything that waits for them follows in the same
 * stream; how much may be on its way is limited.
 */
import type { Entry } from '@ringwatch/raft';
import type { GroupId, SnapshotSource } from '../peers/peer-transport.ts';
import type { StateMachine } from '../group/state-machine.ts';
import { TO_MAIN, type RecordWriter } from './thread-protocol.ts';

/** Bytes of entries on their way to the main thread, beyond which the next ones wait. */
const UNTAKEN_BYTES_MAX = 8 * 1024 * 1024;

export class ThreadMachine implements StateMachine {
  #untakenBytes = 0;
  #waiting: (() => void) | undefined;
  #jobs = new Map<
    number,
    { readonly chunks: Uint8Array[]; readonly done: (source: SnapshotSource) => void }
  >();
  #lastJob = 0;

  constructor(
    private readonly group: GroupId,
    private readonly writer: RecordWriter,
  ) {}

  apply(entries: readonly Entry[], done: () => void): void {
    const { writer } = this;
    writer.begin(TO_MAIN.apply);
    writer.varint(this.group);
    writer.varint(entries.length);
    for (const { index, term, data } of entries) {
      writer.varint(index);
      writer.varint(term);
      writer.sized(data);
      this.#untakenBytes += data.length;
    }
    if (this.#untakenBytes <= UNTAKEN_BYTES_MAX) done();
    else this.#waiting = done;
  }

  /** The main thread has applied `bytes`. */
  taken(bytes: number): void {
    this.#untakenBytes -= bytes;
    if (this.#waiting === undefined || this.#untakenBytes > UNTAKEN_BYTES_MAX / 2) return;
    const done = this.#waiting;
    this.#waiting = undefined;
    done();
  }

  snapshot(done: (source: SnapshotSource) => void): void {
    this.#lastJob++;
    this.#jobs.set(this.#lastJob, { chunks: [], done });
    this.writer.begin(TO_MAIN.snapshot);
    this.writer.varint(this.group);
    this.writer.varint(this.#lastJob);
  }

  /** A chunk of the state that {@link ThreadMachine.snapshot} asked for; an empty one ends it. */
  state(job: number, chunk: Uint8Array): void {
    const wanted = this.#jobs.get(job);
    if (wanted === undefined) return;
    if (chunk.length > 0) {
      wanted.chunks.push(chunk);
      return;
    }
    this.#jobs.delete(job);
    const { chunks, done } = wanted;
    done({ next: () => chunks.shift(), close: () => void chunks.splice(0) });
  }

  restore(index: number, source: SnapshotSource, done: () => void): void {
    for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) this.#restore(index, chunk);
    source.close();
    this.#restore(index, new Uint8Array(0));
    done();
  }

  #restore(index: number, chunk: Uint8Array): void {
    this.writer.begin(TO_MAIN.restore);
    this.writer.varint(this.group);
    this.writer.varint(index);
    this.writer.sized(chunk);
  }
}
