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
  encodeConfChange,
  memberIds,
  NONE,
  RawNode,
  type ConfChange,
  type ConfChangeV2,
  type Entry,
  type Message,
  type NodeId,
  type Ready,
  type SoftState,
  type Status,
} from '@ringwatch/raft';
import { ApplyQueue } from './apply-queue.ts';
import { checkedOptions, type GroupOptions, type GroupSettings } from './group-options.ts';
import { GroupSnapshots } from './group-snapshots.ts';
import { GroupStorage } from './group-storage.ts';
import type { GroupLog } from './group-log.ts';
import type { GroupId, PeerTransport, SnapshotSink, SnapshotSource } from './peer-transport.ts';
import { Proposals, type LogPosition, type Proposal } from './proposals.ts';
import { Reads, type Reader } from './reads.ts';
import type { SnapshotMeta } from './wal-section.ts';
import type { Timing } from './timing.ts';

/** What a group needs of the process that it shares. */
export interface GroupContext {
  readonly nodeId: NodeId;
  readonly transport: PeerTransport;
  readonly timing: Timing;
  /** Lets the group have a turn soon. */
  wake(group: RaftGroup): void;
  /** Calls `run` when all that is staged by now is durable. */
  afterDurable(run: () => void): void;
  /** True while heartbeats should not be sent, for the disk does not keep up. */
  readonly diskStalled: boolean;
}

/** Counts since the start, and what holds now; for metrics. */
export interface GroupStats {
  readonly role: SoftState['role'];
  readonly lead: NodeId;
  readonly term: number;
  readonly committed: number;
  readonly applied: number;
  /** Elections that this node began, pre-votes not counted. */
  readonly elections: number;
  readonly proposals: number;
  readonly snapshotsTaken: number;
  readonly snapshotsReceived: number;
}

/**
 * Every group begins with this index as if compacted, so that whoever joins later gets the members by
 * snapshot instead of a log that does not name them. The state there is the state machine's first one.
 */
export const FIRST_INDEX = 1;

export class RaftGroup {
  readonly id: GroupId;
  readonly #options: GroupSettings;
  readonly #context: GroupContext;
  readonly #log: GroupLog;
  readonly #node: RawNode;
  readonly #applies: ApplyQueue;
  readonly #snapshots: GroupSnapshots;
  readonly #proposals = new Proposals();
  readonly #reads: Reads;
  #queue: Proposal[] = [];
  #queuedBytes = 0;
  #ticks = 0;
  #applied: number;
  #appliedTerm: number;
  #bytesSinceSnapshot = 0;
  #restoring = false;
  /** Answers of the disk that wait for a snapshot's state to be restored. */
  #held: Message[] = [];
  #snapshotWanted = false;
  #takingSnapshot = false;
  #failed: Fault | undefined;
  #elections = 0;
  #proposed = 0;
  #snapshotsTaken = 0;
  #snapshotsReceived = 0;

  /** Called by `MultiRaft.open`. */
  constructor(log: GroupLog, options: GroupOptions, snapshots: GroupSnapshots, context: GroupContext) {
    this.id = options.id;
    this.#options = checkedOptions(options);
    this.#context = context;
    this.#log = log;
    this.#snapshots = snapshots;
    this.#applies = new ApplyQueue(options.machine);
    this.#reads = new Reads(context.timing.random);
    const meta = log.snapshotMeta;
    this.#applied = meta?.index ?? 0;
    this.#appliedTerm = meta?.term ?? 0;
    const { timing, nodeId } = context;
    this.#node = new RawNode({
      id: nodeId,
      electionTicks: timing.electionTicks,
      heartbeatTicks: timing.heartbeatTicks,
      random: timing.random,
      storage: new GroupStorage(log, () => this.#hasSnapshotState()),
      applied: this.#applied,
      asyncStorageWrites: true,
      preVote: true,
      checkQuorum: true,
      stepDownOnRemoval: true,
      disableProposalForwarding: true,
      messageBytesMax: this.#options.messageBytesMax,
      inflightMessagesMax: this.#options.inflightMessagesMax,
      applyingBytesMax: this.#options.applyingBytesMax,
      uncommittedBytesMax: this.#options.uncommittedBytesMax,
    });
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
    const refusal = this.#refusal(proposal.data.length);
    if (refusal !== undefined) {
      proposal.reject(refusal);
      return;
    }
    this.#queue.push(proposal);
    this.#queuedBytes += proposal.data.length;
    this.#context.wake(this);
  }

  /** Changes the members. @returns once applied; see {@link RaftGroup.propose} for the faults. */
  changeMembers(change: ConfChange | ConfChangeV2): Promise<LogPosition> {
    const refusal = this.#refusal(0) ?? (this.#node.refusesChange(change) ? notNow() : undefined);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const { data } = encodeConfChange(change);
      this.#append([{ data, resolve, reject }], () => this.#node.proposeConfChange(change));
      this.#context.wake(this);
    });
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
    const full = this.#reads.count >= this.#options.readsMax ? busy('too many reads wait') : undefined;
    const refusal = this.#failed ?? full;
    if (refusal !== undefined) {
      reader.reject(refusal);
      return;
    }
    this.#reads.add(reader);
    this.#context.wake(this);
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
    this.#snapshotWanted = true;
    this.#context.wake(this);
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
      proposals: this.#proposed,
      snapshotsTaken: this.#snapshotsTaken,
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

  /** Why the group has stopped for good on this node, if it has. */
  get failed(): Fault | undefined {
    return this.#failed;
  }

  /** For the driver: a tick of the clock. */
  tick(): void {
    this.#ticks++;
    this.#guarded(() => this.#node.tick());
    this.#proposals.expire(this.#ticks);
    this.#reads.expire(this.#ticks, () => busy('no majority confirmed the leader in time'));
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
    if (snapshot.index <= this.#node.committed) return undefined;
    const sink = this.#snapshots.receive(snapshot);
    return {
      write: (chunk) => sink.write(chunk),
      abort: () => sink.abort(),
      finish: (done) =>
        sink.finish((taken) => {
          if (taken) {
            this.#snapshotsReceived++;
            this.step(message);
          }
          done(taken);
        }),
    };
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
      this.#propose();
      this.#read();
      if (this.#node.hasReady()) this.#handle(this.#node.ready());
      this.#snapshotTurn();
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
    for (const { reject } of this.#queue.splice(0)) reject(fault);
    this.#proposals.fail(fault);
    this.#reads.fail(fault);
    this.#options.onFailed(fault);
  }

  #refusal(bytes: number): Fault | undefined {
    if (this.#failed !== undefined) return this.#failed;
    if (!this.#node.isLeader) return notLeader(this.lead);
    if (this.#log.pinsOldest) return busy('the log is full', 'log_full');
    if (this.#queuedBytes + bytes > this.#options.queueBytesMax) {
      return busy('too much waits for the log', 'log_queue_full');
    }
    return undefined;
  }

  /** Proposes everything that has gathered as one append. */
  #propose(): void {
    if (this.#queue.length === 0) return;
    const proposals = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (!this.#node.isLeader) {
      for (const { reject } of proposals) reject(notLeader(this.lead));
      return;
    }
    this.#append(proposals, () => this.#node.propose(...proposals.map(({ data }) => data)));
  }

  #append(proposals: readonly Proposal[], propose: () => 'accepted' | 'dropped'): void {
    const first = this.#node.lastIndex + 1;
    if (propose() === 'dropped') {
      for (const { reject } of proposals)
        reject(busy('the leader takes no proposals now', 'proposal_dropped'));
      return;
    }
    this.#proposed += proposals.length;
    const deadlineTick = this.#ticks + this.#context.timing.proposalTicks;
    this.#proposals.add(proposals, first, this.#node.term, deadlineTick);
  }

  #read(): void {
    if (this.#reads.waiting === 0) return;
    const context = this.#reads.begin(this.#ticks + this.#context.timing.readTicks);
    if (this.#node.readIndex(context) === 'dropped') this.#reads.refused(context, notLeader(this.lead));
  }

  #handle(ready: Ready): void {
    if (ready.softState !== undefined) this.#roleChanged(ready.softState);
    for (const state of ready.readStates) this.#reads.confirmed(state);
    if (ready.readStates.length > 0) this.#reads.release(this.#applied);
    for (const message of ready.messages) {
      switch (message.type) {
        case 'MsgStorageAppend':
          this.#write(message, ready.mustSync);
          break;
        case 'MsgStorageApply':
          this.#apply(message);
          break;
        default:
          this.#send(message);
      }
    }
  }

  #send(message: Message): void {
    const { transport, diskStalled } = this.#context;
    // A leader that cannot write must not keep others from taking over.
    if (message.type === 'MsgHeartbeat' && diskStalled) return;
    if (message.type !== 'MsgSnap') transport.send(message.to, this.id, message);
    else this.#sendSnapshot(message);
  }

  #sendSnapshot(message: Message): void {
    const { to, snapshot } = message;
    if (snapshot === undefined) return;
    let source: SnapshotSource;
    try {
      source = this.#snapshots.open(snapshot);
    } catch {
      // A newer one has taken its place; the next attempt will send that.
      this.#guarded(() => this.#node.reportSnapshot(to, false));
      return;
    }
    this.#context.transport.sendSnapshot(to, { group: this.id, message }, source, (taken) => {
      source.close();
      this.#guarded(() => this.#node.reportSnapshot(to, taken));
    });
  }

  /** Stages what the core wants written, and what is to be delivered once it is. */
  #write(message: Message, mustSync: boolean): void {
    const { entries, snapshot, term, vote, commit, responses } = message;
    if (snapshot !== undefined) this.#restore(snapshot);
    if (entries.length > 0) this.#log.append(entries);
    if (term !== 0 || vote !== NONE || commit !== 0) this.#log.setHardState({ term, vote, commit }, mustSync);
    if (responses.length > 0) this.#context.afterDurable(() => this.#deliver(responses));
  }

  #deliver(responses: readonly Message[]): void {
    if (this.#failed !== undefined) return;
    if (this.#restoring) {
      this.#held.push(...responses);
      return;
    }
    for (const message of responses) {
      if (message.from === APPEND_THREAD || message.to === this.#context.nodeId) {
        this.#guarded(() => this.#node.step(message));
      } else {
        this.#context.transport.send(message.to, this.id, message);
      }
    }
    this.#context.wake(this);
  }

  #restore(meta: SnapshotMeta): void {
    const { index, term, confState } = meta;
    this.#log.applySnapshot({ index, term, confState });
    this.#restoring = true;
    this.#applies.restore(
      index,
      () => this.#snapshots.open(meta),
      () => {
        this.#restoring = false;
        this.#applied = index;
        this.#appliedTerm = term;
        this.#bytesSinceSnapshot = 0;
        this.#proposals.restored(index);
        this.#reads.release(index);
        this.#deliver(this.#held.splice(0));
      },
    );
    this.#context.afterDurable(() => this.#snapshots.removeBefore(meta));
  }

  #apply({ entries, responses }: Message): void {
    this.#applies.apply(entries, () => {
      for (const entry of entries) if (entry.type !== 'EntryNormal') this.#changeMembers(entry);
      const last = entries.at(-1) as Entry;
      this.#applied = last.index;
      this.#appliedTerm = last.term;
      for (const { data } of entries) this.#bytesSinceSnapshot += data.length;
      this.#proposals.applied(entries);
      this.#reads.release(last.index);
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

  #snapshotTurn(): void {
    if (this.#bytesSinceSnapshot >= this.#options.snapshotEveryBytes) this.#snapshotWanted = true;
    if (this.#snapshotWanted && !this.#takingSnapshot && !this.#restoring) {
      this.#snapshotWanted = false;
      this.#takingSnapshot = true;
      this.#bytesSinceSnapshot = 0;
      this.#applies.snapshot((source) => this.#writeSnapshot(source));
    }
    this.#snapshots.turn();
  }

  #writeSnapshot(source: SnapshotSource): void {
    const meta = {
      index: this.#applied,
      term: this.#appliedTerm,
      confState: this.#node.status().confState,
    };
    this.#snapshots.write(meta, source, (written) => {
      this.#takingSnapshot = false;
      // Another node's snapshot may have come meanwhile, and stand for more.
      if (written === undefined || written.index < (this.#log.snapshotMeta?.index ?? 0)) return;
      this.#snapshotsTaken++;
      this.#log.saveSnapshotMeta(written);
      this.#log.setHardState(this.#log.hardState, true);
      this.#context.afterDurable(() => this.#snapshots.removeBefore(written));
      this.compact(this.#options.retainFrom(written.index) - 1);
      this.#context.wake(this);
    });
    this.#context.wake(this);
  }

  /**
   * Whether the newest snapshot can be sent; takes another one if not. The start of a group has no file: its
   * state is that of a state machine that has applied nothing. And a node that was added since would find
   * that it does not belong to the group, and refuse.
   */
  #hasSnapshotState(): boolean {
    const meta = this.#log.snapshotMeta;
    if (meta !== undefined && this.#snapshots.has(meta)) {
      const known = memberIds(meta.confState);
      if (memberIds(this.#node.status().confState).every((id) => known.includes(id))) return true;
    }
    this.#snapshotWanted = true;
    return false;
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
    this.#context.wake(this);
  }
}

function notLeader(lead: NodeId): Fault {
  const message = lead === NONE ? 'the group has no leader' : `the leader is node ${lead}`;
  return new Fault('unavailable', message, { reason: lead === NONE ? 'no_leader' : 'not_leader' });
}

function notNow(): Fault {
  return new Fault('failed_precondition', 'another change of the members is not applied yet, or not left', {
    reason: 'change_pending',
  });
}

function busy(message: string, reason = 'raft_busy'): Fault {
  return new Fault('unavailable', message, { reason, retryAfterMs: 100 });
}
