/**
 * A node of a test cluster: the core, storage in memory, and a state machine that is the list of its
 * commands.
 */
import { Fault } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import {
  decodeConfChange,
  isStorageThread,
  MemoryStorage,
  NONE,
  RawNode,
  type ConfState,
  type Entry,
  type HardState,
  type Message,
  type NodeId,
  type RaftOptions,
  type Snapshot,
} from '../src/index.ts';

/** Options that a test may choose; the rest is the cluster's. */
export type MemberOptions = Partial<Omit<RaftOptions, 'id' | 'storage' | 'random' | 'applied'>>;

/** How a member starts. */
export interface MemberSetup {
  readonly id: NodeId;
  /** Members of the first start; undefined for a node that is to join later. */
  readonly confState: ConfState | undefined;
  /** Terms of entries that are in the log already, from index 2 on; none is known to be committed. */
  readonly log: readonly number[];
  readonly options: MemberOptions;
  readonly seed: number;
}

/** What the invariants want to know of. */
export interface Observer {
  /** `entries` are about to be written to the member's storage, after `snapshot` if there is one. */
  writing(member: Member, entries: readonly Entry[], snapshot: Snapshot | undefined): void;
  applied(member: Member, entry: Entry): void;
  /** The member's in-memory state begins anew from its storage. */
  started(member: Member): void;
}

const text = new TextDecoder();

export class Member {
  readonly id: NodeId;
  readonly storage: MemoryStorage;
  /**
   * Writes and batches that wait for {@link Member.append} and {@link Member.apply}, with async writes only.
   */
  readonly appendWork: Message[] = [];
  readonly applyWork: Message[] = [];
  /** The state: data of the normal entries applied, in order. */
  state: string[] = [];
  /** Contexts and indexes of reads that were granted, oldest first. */
  readonly reads: string[] = [];
  up = true;
  readonly #options: MemberOptions;
  readonly #observer: Observer;
  readonly #random: SeededRandom;
  #node: RawNode;

  constructor({ id, confState, log, options, seed }: MemberSetup, observer: Observer) {
    this.id = id;
    this.storage = confState === undefined ? new MemoryStorage() : MemoryStorage.of(confState, encode([]));
    this.#options = options;
    this.#observer = observer;
    this.#random = new SeededRandom(seed);
    if (log.length > 0) {
      const entry = (term: number, i: number): Entry => {
        return { term, index: 2 + i, type: 'EntryNormal', data: Buffer.from(`of term ${term}`) };
      };
      this.#write({ term: Math.max(...log), vote: NONE, commit: 1 }, log.map(entry), undefined);
    }
    this.#node = this.#start();
  }

  get node(): RawNode {
    return this.#node;
  }

  /** What the log in storage holds: `1/2 a`, term, index and data; membership changes as `change`. */
  get log(): string[] {
    const { storage } = this;
    const entries = storage.entries(storage.firstIndex(), storage.lastIndex() + 1, Infinity) ?? [];
    return entries.map(({ term, index, type, data }) => {
      return `${term}/${index} ${type === 'EntryNormal' ? text.decode(data) : 'change'}`.trimEnd();
    });
  }

  /** Ends without a word: what is not in storage is gone. */
  crash(): void {
    this.up = false;
    this.appendWork.length = 0;
    this.applyWork.length = 0;
  }

  restart(): void {
    this.crash();
    this.up = true;
    this.#node = this.#start();
  }

  /** Does what a `Ready` asks for, or queues it with async writes. @returns messages for other nodes. */
  work(): Message[] {
    const ready = this.#node.ready();
    for (const { context, index } of ready.readStates) this.reads.push(`${text.decode(context)}@${index}`);
    if (this.#options.asyncStorageWrites === true) {
      for (const message of ready.messages) {
        if (message.type === 'MsgStorageAppend') this.appendWork.push(message);
        if (message.type === 'MsgStorageApply') this.applyWork.push(message);
      }
      return ready.messages.filter(({ to }) => !isStorageThread(to));
    }
    this.#write(ready.hardState, ready.entries, ready.snapshot);
    this.#apply(ready.committedEntries);
    this.#node.advance();
    return [...ready.messages];
  }

  /** Does the next write and then crashes, so that nothing that waits for it is sent or applied. */
  writeAndCrash(): void {
    if (this.#options.asyncStorageWrites === true) {
      this.append();
    } else if (this.#node.hasReady()) {
      const { hardState, entries, snapshot } = this.#node.ready();
      this.#write(hardState, entries, snapshot);
    }
    this.crash();
  }

  /** Does the oldest write. @returns messages for other nodes that had waited for it. */
  append(): Message[] {
    const message = this.appendWork.shift();
    if (message === undefined) return [];
    const { term, vote, commit, entries, snapshot, responses } = message;
    this.#write(term === 0 ? undefined : { term, vote, commit }, entries, snapshot);
    return this.#respond(responses);
  }

  /** Applies the oldest batch. */
  apply(): void {
    const message = this.applyWork.shift();
    if (message === undefined) return;
    this.#apply(message.entries);
    this.#respond(message.responses);
  }

  /** Takes a snapshot of the state and forgets the log up to `keep` entries before it. */
  compact(keep = 0): void {
    const { applied: index, confState } = this.#node.status();
    const term = this.storage.term(index);
    if (term === undefined || index <= this.storage.snapshot().index) return;
    this.storage.saveSnapshot({ index, term, confState, data: encode(this.state) });
    this.storage.compact(index - keep);
  }

  #start(): RawNode {
    const { storage } = this;
    const { index, data } = storage.snapshot();
    this.state = decode(data);
    this.#observer.started(this);
    const timing = { electionTicks: 10, heartbeatTicks: 1 };
    const own = { id: this.id, storage, random: this.#random, applied: index };
    return new RawNode({ ...timing, ...this.#options, ...own });
  }

  #write(hardState: HardState | undefined, entries: readonly Entry[], snapshot: Snapshot | undefined): void {
    if (snapshot !== undefined) {
      this.storage.applySnapshot(snapshot);
      this.state = decode(snapshot.data);
    }
    this.#observer.writing(this, entries, snapshot);
    this.storage.append(entries);
    if (hardState !== undefined) this.storage.setHardState(hardState);
  }

  #apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const change = decodeConfChange(entry);
      if (change === undefined && entry.data.length > 0) this.state.push(text.decode(entry.data));
      if (change !== undefined) this.#change(() => this.#node.applyConfChange(change));
      this.#observer.applied(this, entry);
    }
  }

  #change(apply: () => void): void {
    try {
      apply();
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'failed_precondition') throw error;
    }
  }

  #respond(responses: readonly Message[]): Message[] {
    for (const message of responses) if (message.to === this.id) this.#node.step(message);
    return responses.filter(({ to }) => to !== this.id);
  }
}

function encode(state: readonly string[]): Uint8Array {
  return Buffer.from(JSON.stringify(state));
}

function decode(data: Uint8Array): string[] {
  return data.length === 0 ? [] : (JSON.parse(text.decode(data)) as string[]);
}
