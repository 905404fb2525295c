/**
 * One Raft group of this process: the core, its log, its state machine, and who waits for what.
 *
 * 1. Everything happens in turns (multi-raft.ts): input is taken in at any time, and worked off in the next
 *    turn, so that all groups share one write and one packet per peer.
 * 2. What the core wants sent after its writes are durable is sent after a sync that began later; answers of
 *    the disk reach the core in the order of the writes, those of a snapshot after its state is restored.
 * 3. A proposal is taken by the leader only. Whoever is not says who is, and never passes on: so it is known
 *    whether a proposal was taken.
 */
import { Fault, toFault } from '@ringwatch/kernel';
import {
  APPEND_THREAD,
  decodeConfChange,
  encodedBytes,
  RawNode,
  type ConfChange,
  type ConfChangeV2,
  type Entry,
  type Message,
  type NodeId,
  type Ready,
  type Snapshot,
  type SoftState,
  type Status,
} from '@ringwatch/raft';
import { ApplyQueue } from './apply-queue.ts';
import { coreOptions, settingsOf, type GroupOptions, type GroupSettings } from './group-options.ts';
import type { GroupContext, GroupStats, TurnTaker } from './group-context.ts';
import { GroupIntake } from './group-intake.ts';
import type { GroupSnapshots } from './group-snapshots.ts';
import { GroupStorage } from './group-storage.ts';
import type { GroupLog } from '../wal/group-log.ts';
import { GroupSender } from './group-sender.ts';
import { GroupWriter } from './group-writer.ts';
import type { GroupId, SnapshotSink } from '../peers/peer-transport.ts';
import type { LogPosition, Proposal } from './proposals.ts';
import type { Reader } from './reads.ts';
import { SnapshotTaker } from './snapshot-taker.ts';

/**
 * Every group begins with this index as if compacted, so that whoever joins later gets the members by
 * snapshot instead of a log that does not name them. The state there is the state machine's first one.
 */
export const FIRST_INDEX = 1;

export class RaftGroup implements TurnTaker {
  readonly id: GroupId;
  readonly #options: GroupSettings;
  readonly #context: GroupContext;
  readonly #log: GroupLog;
  readonly #node: RawNode;
  readonly #applies: ApplyQueue;
  readonly #snapshots: GroupSnapshots;
  readonly #taker: SnapshotTaker;
  readonly #intake: GroupIntake;
  #applied: number;
  #appliedTerm: number;
  readonly #writer: GroupWriter;
  readonly #sender: GroupSender;
  #failed: Fault | undefined;
  #elections = 0;
  #snapshotsReceived = 0;

  /** Called by `MultiRaft.open`. */
  constructor(log: GroupLog, options: GroupOptions, snapshots: GroupSnapshots, context: GroupContext) {
    this.id = options.id;
    this.#options = settingsOf(options);
    this.#context = context;
    this.#log = log;
    this.#snapshots = snapshots;
    this.#applies = new ApplyQueue(options.machine);
    const meta = log.snapshotMeta;
    this.#applied = meta?.index ?? 0;
    this.#appliedTerm = meta?.term ?? 0;
    this.#taker = new SnapshotTaker({
      log,
      snapshots,
      applies: this.#applies,
      settings: this.#options,
      applied: () => ({ index: this.#applied, term: this.#appliedTerm }),
      confState: () => this.#node.status().confState,
      wake: () => context.wake(this),
      afterDurable: (run) => context.afterDurable(run),
    });
    this.#writer = new GroupWriter({
      log,
      snapshots,
      applies: this.#applies,
      afterDurable: (run) => context.afterDurable(run),
      deliver: (responses) => this.#deliver(responses),
      restored: (snapshot) => this.#restored(snapshot),
    });
    this.#sender = new GroupSender({
      group: this.id,
      process: context,
      snapshots,
      reportSnapshot: (peer, taken) => this.#guarded(() => this.#node.reportSnapshot(peer, taken)),
    });
    const { timing, nodeId } = context;
    const storage = new GroupStorage(log, () => this.#taker.canSend());
    this.#node = new RawNode(coreOptions(this.#options, { nodeId, timing, storage, applied: this.#applied }));
    const wake = (): void => context.wake(this);
    this.#intake = new GroupIntake({ node: this.#node, log, settings: this.#options, timing, wake });
    if (meta !== undefined && (meta.index > FIRST_INDEX || snapshots.has(meta))) {
      this.#applies.restore(
        meta.index,
        () => snapshots.open(meta),
        () => undefined,
      );
    }
  }

  /**
   * Adds `data` to the log.
   * @returns where, once it is committed and applied here.
   * @throws {Fault} `unavailable`: not the leader (`not_leader`, the message names it), handing over, too
   *   much waits, or the log is full: it was not taken. `aborted`: it will never count. `deadline_exceeded`:
   *   nobody knows.
   */
  propose(data: Uint8Array): Promise<LogPosition> {
    return new Promise((resolve, reject) => this.proposeTo({ data, resolve, reject }));
  }

  /** As {@link RaftGroup.propose}, by callbacks. */
  proposeTo(proposal: Proposal): void {
    this.#intake.propose(proposal);
  }

  /** Changes the members. @returns once applied; see {@link RaftGroup.propose} for the faults. */
  changeMembers(change: ConfChange | ConfChangeV2): Promise<LogPosition> {
    return this.#intake.changeMembers(change);
  }

  /**
   * An index up to which this node has applied, and after everything acknowledged before the call: a read of
   * the state machine from then on is linearizable. On any member.
   * @throws {Fault} `unavailable` when there is no leader, or none that a majority still follows.
   */
  readIndex(): Promise<number> {
    return new Promise((resolve, reject) => this.readTo({ resolve, reject }));
  }

  /** As {@link RaftGroup.readIndex}, by callbacks. */
  readTo(reader: Reader): void {
    this.#intake.read(reader);
  }

  /** Hands leadership to `to`; watch the role to see whether it worked. */
  transferLeadership(to: NodeId): void {
    this.#guarded(() => this.#node.transferLeadership(to));
  }

  /** Starts an election, asking first. */
  campaign(): void {
    this.#guarded(() => this.#node.campaign());
  }

  /** Takes a snapshot and forgets what the retention policy lets go. */
  takeSnapshot(): void {
    this.#taker.want();
  }

  /** Forgets the log up to `index`, if a snapshot stands for it and the state machine has it. */
  compact(index: number): void {
    const covered = Math.min(index, this.#log.snapshotMeta?.index ?? 0, this.#applied);
    if (covered > this.#log.firstIndex - 1) this.#log.compact(covered);
  }

  status(): Status {
    return this.#node.status();
  }

  stats(): GroupStats {
    const { lead, role } = this.#node.softState;
    return {
      role,
      lead,
      term: this.#node.term,
      committed: this.#node.committed,
      applied: this.#applied,
      elections: this.#elections,
      proposals: this.#intake.taken,
      snapshotsTaken: this.#taker.taken,
      snapshotsReceived: this.#snapshotsReceived,
    };
  }

  get isLeader(): boolean {
    return this.#node.isLeader;
  }

  get lead(): NodeId {
    return this.#node.softState.lead;
  }

  get term(): number {
    return this.#node.term;
  }

  /** Last entry known to be committed. */
  get committed(): number {
    return this.#node.committed;
  }

  /** Last entry of the log, durable or not. */
  get lastIndex(): number {
    return this.#node.lastIndex;
  }

  /** Term of the entry at `index`; undefined when it was compacted or is not there. */
  entryTerm(index: number): number | undefined {
    return this.#node.entryTerm(index);
  }

  /** Last entry that the state machine has. */
  get applied(): number {
    return this.#applied;
  }

  /** Nothing is taken until the log is compacted, for it is full and begins with this group's entries. */
  get isLogFull(): boolean {
    return this.#log.pinsOldest;
  }

  /** Why the group has stopped for good on this node, if it has. */
  get failed(): Fault | undefined {
    return this.#failed;
  }

  /** For the driver: a tick of the clock. */
  tick(): void {
    this.#guarded(() => this.#node.tick());
    this.#intake.tick();
    if (this.isLogFull) this.#taker.relieve();
  }

  /** For the driver: a message from a peer. */
  step(message: Message): void {
    // What cannot be written must not be taken: the leader sends it again when there is room.
    if (message.type === 'MsgApp' && message.entries.length > 0 && this.#log.pinsOldest) return;
    this.#guarded(() => this.#node.step(message));
  }

  /** For the driver: a snapshot is coming in. */
  receive(message: Message): SnapshotSink | undefined {
    const { snapshot } = message;
    if (snapshot === undefined || this.#failed !== undefined) return undefined;
    if (snapshot.index <= this.#node.committed) {
      // Not needed; but the leader has to be told how far this node is, or it sends it again for ever.
      this.step(message);
      return undefined;
    }
    const sink = this.#snapshots.receive(snapshot);
    if (sink === undefined) return undefined;
    const finish = (done: (taken: boolean) => void): void =>
      sink.finish((taken) => {
        if (taken) this.#snapshotsReceived++;
        if (taken) this.step(message);
        done(taken);
      });
    return { write: (chunk) => sink.write(chunk), abort: () => sink.abort(), finish };
  }

  /** For the driver: what was sent to `peer` is probably lost. */
  reportUnreachable(peer: NodeId): void {
    if (this.#node.isLeader) this.#guarded(() => this.#node.reportUnreachable(peer));
  }

  /**
   * For the driver: the connection to `peer` was reset. If that was the leader, its process is gone, and
   * waiting out the election timeout would help nobody. True when this group lost its leader by it.
   */
  leaderReset(peer: NodeId): boolean {
    if (this.#node.softState.lead !== peer) return false;
    this.#guarded(() => this.#node.forgetLeader());
    return true;
  }

  /** For the driver: works off what has come in. */
  turn(): void {
    if (this.#failed !== undefined) return;
    try {
      this.#intake.turn();
      if (this.#node.hasReady()) this.#handle(this.#node.ready());
      if (!this.#writer.isRestoring) this.#taker.turn();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.fail(error);
    }
  }

  /** For the driver: true when another turn is needed without any input. */
  get hasWork(): boolean {
    if (this.#failed !== undefined) return false;
    return this.#node.hasReady() || this.#snapshots.busy;
  }

  /** Stops the group on this node for good; everybody who waits is told. */
  fail(fault: Fault): void {
    if (this.#failed !== undefined) return;
    this.#failed = fault;
    this.#applies.clear();
    this.#snapshots.stop();
    this.#intake.fail(fault);
    this.#options.onFailed(fault);
  }

  #handle(ready: Ready): void {
    if (ready.softState !== undefined) this.#roleChanged(ready.softState);
    this.#intake.confirmed(ready.readStates, this.#applied);
    for (const message of ready.messages) {
      switch (message.type) {
        case 'MsgStorageAppend':
          this.#writer.write(message, ready.mustSync);
          break;
        case 'MsgStorageApply':
          this.#apply(message);
          break;
        default:
          this.#sender.send(message);
      }
    }
  }

  #deliver(responses: readonly Message[]): void {
    if (this.#failed !== undefined) return;
    for (const message of responses) {
      if (message.from === APPEND_THREAD || message.to === this.#context.nodeId) {
        this.#guarded(() => this.#node.step(message));
      } else {
        this.#context.transport.send(message.to, this.id, message);
      }
    }
    if (this.hasWork) this.#context.wake(this);
  }

  #restored({ index, term }: Snapshot): void {
    this.#applied = index;
    this.#appliedTerm = term;
    this.#taker.restored();
    this.#intake.restored(index);
    this.#context.wake(this);
  }

  #apply({ entries, responses }: Message): void {
    this.#applies.apply(entries, () => {
      for (const entry of entries) if (entry.type !== 'EntryNormal') this.#changeMembers(entry);
      const last = entries.at(-1) as Entry;
      this.#applied = last.index;
      this.#appliedTerm = last.term;
      this.#taker.applied(encodedBytes(entries));
      this.#intake.applied(entries);
      this.#options.onApplied(last.index);
      this.#guarded(() => {
        for (const response of responses) this.#node.step(response);
      });
    });
  }

  /** Every replica refuses the same changes, for all come to the same configuration by the same log. */
  #changeMembers(entry: Entry): void {
    const change = decodeConfChange(entry);
    if (change === undefined) return;
    try {
      this.#node.applyConfChange(change);
    } catch (error) {
      const fault = toFault(error);
      if (fault.code !== 'failed_precondition') throw error;
      this.#options.logger.warn({ group: this.id, fault: fault.message }, 'a membership change was refused');
    }
  }

  #roleChanged(soft: SoftState): void {
    if (soft.role === 'StateCandidate') this.#elections++;
    this.#options.onRole(soft, this.#node.term);
  }

  /** A fault of the core means that this node has lost what it had promised; only this group ends by it. */
  #guarded(work: () => void): void {
    if (this.#failed !== undefined) return;
    try {
      work();
    } catch (error) {
      const fault = toFault(error);
      if (fault.code !== 'data_loss') throw error;
      this.fail(fault);
    }
    if (this.hasWork) this.#context.wake(this);
  }
}
