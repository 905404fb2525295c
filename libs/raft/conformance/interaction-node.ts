/** A node of an interaction scenario: the core, its storage, and a state machine that keeps every state. */
import {
  asV2,
  decodeConfChange,
  MemoryStorage,
  RawNode,
  type Entry,
  type HardState,
  type Message,
  type RaftOptions,
  type Snapshot,
} from '@ringwatch/raft';

/** All nodes run at this pace. */
export const ELECTION_TICKS = 3;

/** What a scenario may say of a node. */
export type NodeConfig = Partial<Omit<RaftOptions, 'id' | 'storage' | 'random'>>;

export class InteractionNode {
  readonly node: RawNode;
  readonly storage: HistoryStorage;
  readonly appendWork: Message[] = [];
  readonly applyWork: Message[] = [];

  readonly id: number;
  readonly config: NodeConfig;

  constructor(id: number, config: NodeConfig, start: Snapshot) {
    this.id = id;
    this.config = config;
    this.storage = new HistoryStorage(start);
    this.node = new RawNode({
      electionTicks: ELECTION_TICKS,
      heartbeatTicks: 1,
      messageBytesMax: Infinity,
      inflightMessagesMax: 2 ** 31 - 1,
      inflightBytesMax: Infinity,
      uncommittedBytesMax: Infinity,
      ...config,
      id,
      storage: this.storage,
      random: { next: () => 0.5 },
    });
  }

  /** Writes what a `Ready`, or a message to the append thread, asks for. */
  write(hardState: HardState | undefined, entries: readonly Entry[], snapshot: Snapshot | undefined): void {
    if (hardState !== undefined) this.storage.setHardState(hardState);
    if (snapshot !== undefined) this.storage.applySnapshot(snapshot);
    this.storage.append(entries);
  }

  /** Applies entries: the state is all data so far, one after the other. */
  apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const before = this.storage.snapshot();
      const change = decodeConfChange(entry);
      const confState = change === undefined ? before.confState : this.node.applyConfChange(change);
      const news = change === undefined ? entry.data : asV2(change).context;
      const { term, index } = entry;
      this.storage.history.push({ term, index, confState, data: Buffer.concat([before.data, news]) });
    }
  }
}

/** Answers with the newest state whenever a snapshot is asked for. */
class HistoryStorage extends MemoryStorage {
  readonly history: Snapshot[];

  constructor(start: Snapshot) {
    super();
    this.history = [start];
    if (start.index > 0) this.applySnapshot(start);
  }

  override snapshot(): Snapshot {
    return this.history.at(-1) as Snapshot;
  }
}
