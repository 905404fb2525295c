/**
 * What a group's core wants on disk, on its way there: staged in the shared log, answered when it is durable.
 *
 * 1. Answers are delivered in the order of the writes.
 * 2. Those to a snapshot, and to all that was written after it, wait until its state is restored too: the
 *    core takes them for the word that the snapshot is applied.
 */
import { NONE, type Message, type Snapshot } from '@ringwatch/raft';
import type { ApplyQueue } from './apply-queue.ts';
import type { GroupLog } from '../wal/group-log.ts';
import type { GroupSnapshots } from './group-snapshots.ts';

/** What the writer needs of its group. */
export interface WriterContext {
  readonly log: GroupLog;
  readonly snapshots: GroupSnapshots;
  readonly applies: ApplyQueue;
  readonly afterDurable: (run: () => void) => void;
  /** Hands answers to the core or to the peers that they are for. */
  readonly deliver: (responses: readonly Message[]) => void;
  /** The state machine is that of a snapshot now. */
  readonly restored: (snapshot: Snapshot) => void;
}

export class GroupWriter {
  readonly #context: WriterContext;
  #restoring = 0;
  #held: Message[] = [];

  constructor(context: WriterContext) {
    this.#context = context;
  }

  /** True while the state machine takes over a snapshot. */
  get isRestoring(): boolean {
    return this.#restoring > 0;
  }

  /** Stages a `MsgStorageAppend`. */
  write({ entries, snapshot, term, vote, commit, responses }: Message, mustSync: boolean): void {
    const { log, afterDurable } = this.#context;
    if (snapshot !== undefined) this.#restore(snapshot);
    if (entries.length > 0) log.append(entries, true);
    if (term !== 0 || vote !== NONE || commit !== 0) log.setHardState({ term, vote, commit }, mustSync);
    if (responses.length > 0) afterDurable(() => this.#answer(responses));
  }

  #answer(responses: readonly Message[]): void {
    if (this.isRestoring) this.#held.push(...responses);
    else this.#context.deliver(responses);
  }

  #restore(snapshot: Snapshot): void {
    const { log, snapshots, applies, restored, deliver, afterDurable } = this.#context;
    const { index, term, confState } = snapshot;
    log.applySnapshot({ index, term, confState });
    this.#restoring++;
    const open = () => snapshots.open(snapshot);
    applies.restore(index, open, () => {
      this.#restoring--;
      restored(snapshot);
      if (!this.isRestoring) deliver(this.#held.splice(0));
    });
    afterDurable(() => snapshots.removeBefore(snapshot));
  }
}
