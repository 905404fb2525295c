/**
 * When a group takes a snapshot of its own, and what it then forgets of the log: after so many bytes, when it
 * is told to, and when another node needs one and the newest will not do.
 */
import { memberIds, type ConfState } from '@ringwatch/raft';
import type { ApplyQueue } from './apply-queue.ts';
import type { GroupLog } from '../wal/group-log.ts';
import type { GroupSettings } from './group-options.ts';
import type { GroupSnapshots } from './group-snapshots.ts';
import type { SnapshotSource } from '../peers/peer-transport.ts';
import type { LogPosition } from './proposals.ts';

/** What the taker needs of its group. */
export interface TakerContext {
  readonly log: GroupLog;
  readonly snapshots: GroupSnapshots;
  readonly applies: ApplyQueue;
  readonly settings: Pick<GroupSettings, 'snapshotEveryBytes' | 'retainFrom'>;
  /** Last entry that the state machine has, and the members after it. */
  readonly applied: () => LogPosition;
  readonly confState: () => ConfState;
  readonly wake: () => void;
  readonly afterDurable: (run: () => void) => void;
}

export class SnapshotTaker {
  readonly #context: TakerContext;
  #wanted = false;
  #taking = false;
  #bytesSince = 0;
  /** Snapshots taken since the start. */
  taken = 0;

  constructor(context: TakerContext) {
    this.#context = context;
  }

  /** Takes one in the next turn. */
  want(): void {
    this.#wanted = true;
    this.#context.wake();
  }

  /** The log is full: a newer snapshot, if there can be one, lets it forget more. */
  relieve(): void {
    const { log, applied } = this.#context;
    const known = log.snapshotMeta?.index ?? 0;
    if (applied().index > known && !this.#taking) this.want();
  }

  /** So much was applied. */
  applied(bytes: number): void {
    this.#bytesSince += bytes;
    if (this.#bytesSince >= this.#context.settings.snapshotEveryBytes) this.want();
  }

  /** The state was replaced by another node's. */
  restored(): void {
    this.#bytesSince = 0;
  }

  /**
   * Whether the newest snapshot can be sent; takes another one if not. The start of a group has no file: its
   * state is that of a state machine that has applied nothing. And a node that was added since would find
   * that it does not belong to the group, and refuse.
   */
  canSend(): boolean {
    const { log, snapshots, confState } = this.#context;
    const meta = log.snapshotMeta;
    if (meta !== undefined && snapshots.has(meta)) {
      const known = memberIds(meta.confState);
      if (memberIds(confState()).every((id) => known.includes(id))) return true;
    }
    this.want();
    return false;
  }

  /** Begins one that is wanted, and writes some of the one that is being taken. */
  turn(): void {
    const { applies, snapshots } = this.#context;
    if (this.#wanted && !this.#taking) {
      this.#wanted = false;
      this.#taking = true;
      this.#bytesSince = 0;
      applies.snapshot((source) => this.#write(source));
    }
    snapshots.turn();
  }

  #write(source: SnapshotSource): void {
    const { snapshots, applied, confState, wake } = this.#context;
    snapshots.write({ ...applied(), confState: confState() }, source, (meta) => {
      this.#taking = false;
      if (meta !== undefined) this.#written(meta);
      wake();
    });
    wake();
  }

  /** The log may forget what the snapshot stands for once it names it; another node's may stand for more. */
  #written(meta: LogPosition & { readonly confState: ConfState }): void {
    const { log, snapshots, settings, afterDurable } = this.#context;
    if (meta.index < (log.snapshotMeta?.index ?? 0)) return;
    this.taken++;
    log.saveSnapshotMeta(meta);
    log.setHardState(log.hardState, true);
    afterDurable(() => snapshots.removeBefore(meta));
    const compacted = settings.retainFrom(meta.index) - 1;
    if (compacted >= log.firstIndex) log.compact(Math.min(compacted, meta.index));
  }
}
