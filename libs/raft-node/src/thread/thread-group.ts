/** A group whose Raft runs in the worker and whose state machine runs in the main thread. */
import type { Fault } from '@ringwatch/kernel';
import type { ConfState, NodeId, SoftState } from '@ringwatch/raft';
import { ApplyQueue } from '../group/apply-queue.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { GroupId } from '../peers/peer-transport.ts';
import type { LogPosition } from '../group/proposals.ts';
import type { StateMachine } from '../group/state-machine.ts';
import { readSized, type CommandBody, type SentChange, type SentGroupOptions } from './thread-protocol.ts';

/** How a group is opened in a thread. */
export interface ThreadGroupOptions extends SentGroupOptions {
  readonly machine: StateMachine;
  readonly onRole?: (group: ThreadGroup) => void;
  readonly onFailed?: (fault: Fault) => void;
}

/** The worker is told after so many bytes that they were applied; far less than it lets be on their way. */
const TOLD_BYTES = 256 * 1024;

/** What a group asks of its thread. */
export interface GroupLink {
  propose(data: Uint8Array): Promise<LogPosition>;
  read(): Promise<number>;
  command(command: CommandBody): Promise<unknown>;
  taken(bytes: number): void;
  state(job: number, chunk: Uint8Array): void;
}

export class ThreadGroup {
  readonly id: GroupId;
  readonly #options: ThreadGroupOptions;
  readonly #link: GroupLink;
  readonly #applies: ApplyQueue;
  #restoring: Uint8Array[] = [];
  /** Applied, and not yet told. */
  #untoldBytes = 0;
  #soft: SoftState = { lead: 0, role: 'StateFollower' };
  #term = 0;
  #members: ConfState | undefined;

  /** Called by `RaftThread.open`. */
  constructor(options: ThreadGroupOptions, link: GroupLink) {
    this.id = options.id;
    this.#options = options;
    this.#link = link;
    this.#applies = new ApplyQueue(options.machine);
  }

  get isLeader(): boolean {
    return this.#soft.role === 'StateLeader';
  }

  /** Who leads, as far as this node knows; 0 for nobody. */
  get lead(): NodeId {
    return this.#soft.lead;
  }

  get term(): number {
    return this.#term;
  }

  /** The members when the role changed last. */
  get members(): ConfState | undefined {
    return this.#members;
  }

  /** See `RaftGroup.propose`. */
  propose(data: Uint8Array): Promise<LogPosition> {
    return this.#link.propose(data);
  }

  /** See `RaftGroup.readIndex`. */
  readIndex(): Promise<number> {
    return this.#link.read();
  }

  /** See `RaftGroup.changeMembers`. */
  async changeMembers(change: SentChange): Promise<LogPosition> {
    return (await this.#link.command({ kind: 'change', group: this.id, change })) as LogPosition;
  }

  /** Asks for it; the role tells whether anything came of it. */
  async transferLeadership(to: NodeId): Promise<void> {
    await this.#link.command({ kind: 'transfer', group: this.id, to });
  }

  async campaign(): Promise<void> {
    await this.#link.command({ kind: 'campaign', group: this.id });
  }

  /** Asks for one; it is taken and written in turns to come. */
  async takeSnapshot(): Promise<void> {
    await this.#link.command({ kind: 'snapshot', group: this.id });
  }

  /** Forgets the log up to `index`; see `RaftGroup.compact`. */
  async compact(index: number): Promise<void> {
    await this.#link.command({ kind: 'compact', group: this.id, index });
  }

  async status(): Promise<unknown> {
    return this.#link.command({ kind: 'status', group: this.id });
  }

  /** For the thread: entries to apply. */
  apply(reader: ByteReader): void {
    const entries = [];
    let bytes = 0;
    for (let count = reader.varint(); count > 0; count--) {
      const [index, term, data] = [reader.varint(), reader.varint(), readSized(reader)];
      bytes += data.length;
      entries.push({ index, term, type: 'EntryNormal' as const, data });
    }
    this.#applies.apply(entries, () => this.#taken(bytes));
  }

  /** Tells the worker now and then: it cares for the order of magnitude only. */
  #taken(bytes: number): void {
    this.#untoldBytes += bytes;
    if (this.#untoldBytes < TOLD_BYTES) return;
    this.#link.taken(this.#untoldBytes);
    this.#untoldBytes = 0;
  }

  /** For the thread: calls `run` after what has come so far was applied. */
  afterApplied(run: () => void): void {
    this.#applies.apply([], run);
  }

  /** For the thread: a chunk of a snapshot to take over; an empty one ends it. */
  restore(index: number, chunk: Uint8Array): void {
    if (chunk.length > 0) {
      this.#restoring.push(chunk);
      return;
    }
    const chunks = this.#restoring;
    this.#restoring = [];
    const source = { next: () => chunks.shift(), close: () => void chunks.splice(0) };
    this.#applies.restore(
      index,
      () => source,
      () => undefined,
    );
  }

  /** For the thread: the state is wanted. */
  snapshot(job: number): void {
    this.#applies.snapshot((source) => {
      for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) {
        if (chunk.length > 0) this.#link.state(job, chunk);
      }
      source.close();
      this.#link.state(job, new Uint8Array(0));
    });
  }

  /** For the thread. */
  roleChanged(soft: SoftState, term: number, members: ConfState): void {
    this.#soft = soft;
    this.#term = term;
    this.#members = members;
    this.#options.onRole?.(this);
  }

  /** For the thread: nothing is heard of the group any more. */
  ended(): void {
    this.#soft = { lead: 0, role: 'StateFollower' };
  }

  /** For the thread. */
  failed(fault: Fault): void {
    this.#options.onFailed?.(fault);
  }
}
