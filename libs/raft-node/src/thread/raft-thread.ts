/**
 * Raft in a thread of its own, as the main thread sees it: open groups, propose, read. The state machines
 * run here, in the main thread, on entries that the worker sends over.
 *
 * 1. One buffer per turn each way; a proposal, its entry and its answer share buffers with many others.
 * 2. A proposal or read is answered after everything before it was applied here.
 * 3. When the log is broken, or the worker ends, everything that waits is refused as unknown and `onBroken`
 *    is called once: the process should end.
 */
import { Worker } from 'node:worker_threads';
import { assert, Fault, silentLogger, type Logger } from '@ringwatch/kernel';
import type { NodeId } from '@ringwatch/raft';
import { ByteReader } from '../byte-reader.ts';
import type { GroupId } from '../peers/peer-transport.ts';
import type { LogPosition } from '../group/proposals.ts';
import type { WorkerOptions } from './raft-worker.ts';
import { ThreadGroup, type ThreadGroupOptions } from './thread-group.ts';
import {
  faultOf,
  readJson,
  readSized,
  RecordWriter,
  TO_MAIN,
  TO_WORKER,
  type CommandBody,
  type SentFault,
  type WorkerEvent,
} from './thread-protocol.ts';

export interface RaftThreadOptions extends WorkerOptions {
  readonly logger?: Logger;
  /** Called once when nothing can be acknowledged any more; the process should end. */
  readonly onBroken: (fault: Fault) => void;
  /** The worker's program, for applications that are bundled. Default: the file beside this one. */
  readonly workerUrl?: URL;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (fault: Fault) => void;
  /** Whose entries must be applied before; commands wait for nobody. */
  readonly group: ThreadGroup | undefined;
}

export class RaftThread {
  readonly #worker: Worker;
  readonly #options: RaftThreadOptions;
  readonly #logger: Logger;
  readonly #writer: RecordWriter;
  readonly #waiting = new Map<number, Waiting>();
  readonly #groups = new Map<GroupId, ThreadGroup>();
  #lastId = 0;
  #address = '';
  #over: Fault | undefined;
  #closing: Promise<void> | undefined;
  /** Whoever waits for the start. */
  #starting:
    | { readonly resolve: (address: string) => void; readonly reject: (fault: Fault) => void }
    | undefined;

  private constructor(options: RaftThreadOptions) {
    const { logger = silentLogger, onBroken: _, workerUrl, ...workerData } = options;
    this.#options = options;
    this.#logger = logger;
    this.#worker = new Worker(workerUrl ?? new URL('./raft-worker.js', import.meta.url), { workerData });
    this.#writer = new RecordWriter((bytes) => this.#worker.postMessage(bytes, [bytes.buffer]));
    this.#worker.on('message', (bytes: Uint8Array) => this.#receive(bytes));
    this.#worker.on('error', (error) =>
      this.#end(new Fault('internal', 'the Raft worker failed', { cause: error })),
    );
    this.#worker.on('exit', () => this.#end(new Fault('unavailable', 'the Raft worker has ended')));
  }

  /**
   * Starts the worker: opens the log, listens for peers.
   * @throws {Fault} `data_loss` when the log is damaged, `unavailable` when it cannot listen,
   *   `invalid_argument`; `onBroken` is not called then.
   */
  static async start(options: RaftThreadOptions): Promise<RaftThread> {
    const thread = new RaftThread(options);
    thread.#address = await new Promise<string>((resolve, reject) => {
      thread.#starting = { resolve, reject };
    });
    thread.#starting = undefined;
    return thread;
  }

  /** Where peers reach this process: `host:port`. */
  get address(): string {
    return this.#address;
  }

  /** Where the other nodes are reached. */
  async setPeers(addresses: ReadonlyMap<NodeId, string>): Promise<void> {
    await this.#command({ kind: 'peers', addresses: [...addresses] });
  }

  /** Starts a group here; see `MultiRaft.open`. @throws {Fault} as it does. */
  async open(options: ThreadGroupOptions): Promise<ThreadGroup> {
    if (this.#groups.has(options.id)) throw new Fault('already_exists', `group ${options.id} is open`);
    const { machine: _machine, onRole: _onRole, onFailed: _onFailed, ...sent } = options;
    const group = new ThreadGroup(options, {
      propose: (data) => this.#propose(group, data),
      read: () => this.#read(group),
      command: (command) => this.#command(command),
      taken: (bytes) => this.#record(TO_WORKER.taken, [options.id, bytes]),
      state: (job, chunk) => this.#record(TO_WORKER.state, [options.id, job], chunk),
    });
    this.#groups.set(options.id, group);
    try {
      await this.#command({ kind: 'open', options: sent });
    } catch (error) {
      this.#groups.delete(options.id);
      throw error;
    }
    return group;
  }

  /** Stops a group here; its log stays. Proposals and reads that wait are refused. */
  async stop(id: GroupId): Promise<void> {
    await this.#command({ kind: 'stop', group: id });
    this.#groups.get(id)?.ended();
    this.#groups.delete(id);
  }

  /** Counts of the log and of every group. */
  async stats(): Promise<unknown> {
    return this.#command({ kind: 'stats' });
  }

  /** Ends the worker. Nothing is taken any more; what waits is refused, or unknown. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#over !== undefined) return;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    const closed = this.#command({ kind: 'close' });
    this.#over = new Fault('unavailable', 'Raft was closed', { reason: 'closed' });
    // A worker that ends before it has answered is closed as well.
    await closed.catch(() => undefined);
    await exited;
    this.#giveUp(this.#over);
  }

  #propose(group: ThreadGroup, data: Uint8Array): Promise<LogPosition> {
    return this.#ask<LogPosition>(group, (id) => this.#record(TO_WORKER.propose, [group.id, id], data));
  }

  #read(group: ThreadGroup): Promise<number> {
    return this.#ask<number>(group, (id) => this.#record(TO_WORKER.read, [group.id, id]));
  }

  #command(command: CommandBody): Promise<unknown> {
    return this.#ask<unknown>(undefined, (id) => {
      this.#writer.begin(TO_WORKER.command);
      this.#writer.json({ ...command, id });
    });
  }

  #ask<T>(group: ThreadGroup | undefined, send: (id: number) => void): Promise<T> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    return new Promise<T>((resolve, reject) => {
      this.#lastId++;
      this.#waiting.set(this.#lastId, { resolve: resolve as Waiting['resolve'], reject, group });
      send(this.#lastId);
    });
  }

  #record(kind: number, numbers: readonly number[], data?: Uint8Array): void {
    this.#writer.begin(kind);
    for (const number of numbers) this.#writer.varint(number);
    if (data !== undefined) this.#writer.sized(data);
  }

  #receive(bytes: Uint8Array): void {
    const reader = new ByteReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    while (reader.left > 0) this.#take(reader.u8(), reader);
  }

  #take(kind: number, reader: ByteReader): void {
    switch (kind) {
      case TO_MAIN.apply:
        this.#groups.get(reader.varint())?.apply(reader);
        return;
      case TO_MAIN.proposed:
        this.#answer(reader.varint(), { index: reader.varint(), term: reader.varint() });
        return;
      case TO_MAIN.read:
        this.#answer(reader.varint(), reader.varint());
        return;
      case TO_MAIN.refused: {
        const id = reader.varint();
        const fault = faultOf(readJson(reader) as SentFault);
        this.#settle(id, ({ reject }) => reject(fault));
        return;
      }
      case TO_MAIN.done:
        this.#answer(reader.varint(), readJson(reader));
        return;
      case TO_MAIN.restore:
        this.#groups.get(reader.varint())?.restore(reader.varint(), readSized(reader));
        return;
      case TO_MAIN.snapshot:
        this.#groups.get(reader.varint())?.snapshot(reader.varint());
        return;
      case TO_MAIN.event:
        this.#event(readJson(reader) as WorkerEvent);
        return;
      default:
        assert(false, `the worker sent a record of kind ${kind}`);
    }
  }

  #answer(id: number, answer: unknown): void {
    this.#settle(id, ({ resolve }) => resolve(answer));
  }

  /** In the order of the stream, and after what is before it in there was applied. */
  #settle(id: number, settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if (waiting.group === undefined) settle(waiting);
    else waiting.group.afterApplied(() => settle(waiting));
  }

  #event(event: WorkerEvent): void {
    switch (event.kind) {
      case 'listening':
        this.#starting?.resolve(event.address);
        return;
      case 'not-started':
        this.#end(faultOf(event.fault));
        return;
      case 'role':
        this.#groups.get(event.group)?.roleChanged(event.soft, event.term, event.members);
        return;
      case 'failed':
        this.#groups.get(event.group)?.failed(faultOf(event.fault));
        return;
      case 'broken':
        this.#end(faultOf(event.fault));
        return;
      case 'log':
        this.#logger[event.level](event.fields, event.message);
    }
  }

  #end(fault: Fault): void {
    this.#giveUp(fault);
    if (this.#over !== undefined) return;
    this.#over = fault;
    if (this.#starting === undefined) this.#options.onBroken(fault);
    else this.#starting.reject(fault);
  }

  /** Nobody will be answered any more. */
  #giveUp(fault: Fault): void {
    for (const { reject } of this.#waiting.values()) {
      reject(
        new Fault('deadline_exceeded', 'nobody knows what became of it', {
          reason: 'proposal_unknown',
          cause: fault,
        }),
      );
    }
    this.#waiting.clear();
    for (const group of this.#groups.values()) group.ended();
  }
}
