/**
 * Many Raft groups in one process, over one log, one set of connections and one clock. Runs on one thread,
 * best one of its own (raft-worker.ts), and does everything in turns:
 *
 * 1. Input gathers between turns. A turn feeds it to the groups, sends what may leave at once, then writes
 *    and syncs what all groups want durable in one go, then sends and applies what waited for that.
 * 2. A tick that could start an election waits for a poll of the network first: after a pause the heartbeats
 *    that prove it wrong lie in the sockets, and expired timers come before them.
 * 3. Ticks that a pause has swallowed are not made up for: a process that did not run has not waited.
 * 4. A sync that fails ends everything: nothing is acknowledged any more, and the process should end.
 */
import { Fault, randomBelow, silentLogger, type Clock, type Logger, type Random } from '@ringwatch/kernel';
import { NONE, type NodeId } from '@ringwatch/raft';
import type { GroupContext, TurnTaker } from './group/group-context.ts';
import { checkGroupOptions, type GroupOptions } from './group/group-options.ts';
import { GroupSnapshots } from './group/group-snapshots.ts';
import type { GroupId, GroupMessage, PeerTransport, SnapshotSink } from './peers/peer-transport.ts';
import { FIRST_INDEX, RaftGroup } from './group/raft-group.ts';
import type { SnapshotFiles } from './group/snapshot-files.ts';
import { timingOf, type Timing, type TimingOptions } from './timing.ts';
import type { Wal } from './wal/wal.ts';

export interface MultiRaftOptions extends TimingOptions {
  /** This node in all its groups: a positive integer, never used for another one. */
  readonly nodeId: NodeId;
  readonly wal: Wal;
  readonly snapshots: SnapshotFiles;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly random: Random;
  /** Calls `run` after the loop has polled the network once: `setImmediate`. */
  readonly defer: (run: () => void) => void;
  readonly logger?: Logger;
  /** Called once when the log is broken; the process should end. */
  readonly onBroken: (fault: Fault) => void;
}

const FIRST_TERM = 1;
const SOON_MS = 1;

export class MultiRaft implements GroupContext {
  readonly nodeId: NodeId;
  readonly transport: PeerTransport;
  readonly timing: Timing;
  readonly #options: MultiRaftOptions;
  readonly #logger: Logger;
  readonly #groups = new Map<GroupId, RaftGroup>();
  readonly #awake = new Set<TurnTaker>();
  /** What is to be done in a moment. */
  #soon: (() => void)[] = [];
  /** What waits for the next sync. */
  #waiting: (() => void)[] = [];
  #flushing = false;
  /** Since when something waits for the disk, or for room on it. */
  #unsyncedSinceMs: number | undefined;
  #scheduled = false;
  #tickDue = false;
  #stopTicks: () => void = () => undefined;
  #broken: Fault | undefined;
  #closed = false;

  constructor(options: MultiRaftOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.nodeId = options.nodeId;
    this.transport = options.transport;
    this.timing = timingOf(options, options.random);
    options.transport.start({
      onMessages: (_from, messages) => this.#receive(messages),
      onUnreachable: (peer, reset) => this.#unreachable(peer, reset),
      onSnapshot: (_from, snapshot) => this.#receiveSnapshot(snapshot),
    });
    this.#armTick();
  }

  /**
   * Starts a group on this node: as a member of a new one, as the member it was before, or waiting to be
   * added by one.
   * @throws {Fault} `already_exists`; `invalid_argument`; `data_loss` when its log or snapshot is damaged.
   */
  open(options: GroupOptions): RaftGroup {
    checkGroupOptions(options);
    if (this.#groups.has(options.id)) throw new Fault('already_exists', `group ${options.id} is open`);
    const log = this.#options.wal.group(options.id);
    if (log.snapshotMeta === undefined && options.members !== undefined) {
      log.applySnapshot({ index: FIRST_INDEX, term: FIRST_TERM, confState: options.members });
      log.setHardState({ term: FIRST_TERM, vote: NONE, commit: FIRST_INDEX }, true);
    }
    const logger = options.logger ?? this.#logger;
    const snapshots = new GroupSnapshots(options.id, this.#options.snapshots, logger, log.snapshotMeta);
    const group = new RaftGroup(log, { ...options, logger }, snapshots, this);
    this.#groups.set(options.id, group);
    this.wake(group);
    return group;
  }

  group(id: GroupId): RaftGroup | undefined {
    return this.#groups.get(id);
  }

  groups(): IterableIterator<RaftGroup> {
    return this.#groups.values();
  }

  /** Stops a group on this node; its log stays. */
  stop(id: GroupId): void {
    const group = this.#groups.get(id);
    this.#groups.delete(id);
    if (group === undefined) return;
    this.#awake.delete(group);
    group.fail(new Fault('unavailable', `group ${id} was stopped`, { reason: 'group_stopped' }));
  }

  /** Stops everything; what is not synced is lost, as it may be. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTicks();
    for (const id of this.#groups.keys()) this.stop(id);
    await this.transport.close();
    this.#options.wal.close();
  }

  /** Why nothing is acknowledged any more, if so. */
  get broken(): Fault | undefined {
    return this.#broken;
  }

  wake(group: TurnTaker): void {
    this.#awake.add(group);
    this.#schedule();
  }

  soon(run: () => void): void {
    if (this.#soon.length === 0) this.#options.clock.after(SOON_MS, () => this.#doSoon());
    this.#soon.push(run);
  }

  afterDurable(run: () => void): void {
    this.#waiting.push(run);
  }

  get diskStalled(): boolean {
    const since = this.#unsyncedSinceMs;
    return since !== undefined && this.#options.clock.monotonicMs() - since > this.timing.stalledMs;
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed || this.#broken !== undefined) return;
    this.#scheduled = true;
    this.#options.defer(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    if (this.#closed || this.#broken !== undefined) return;
    if (this.#tickDue) this.#tick();
    const groups = [...this.#awake];
    this.#awake.clear();
    for (const group of groups) group.turn();
    this.transport.flush();
    this.#makeDurable(groups);
    for (const group of groups) if (group.hasWork) this.wake(group);
    this.#options.wal.prepare();
  }

  /** One write and one sync for all groups; without anything to sync, what waits is durable already. */
  #makeDurable(groups: readonly TurnTaker[]): void {
    if (this.#flushing) return;
    const { wal, clock } = this.#options;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (!wal.needsFlush) {
      for (const run of waiting) run();
      this.transport.flush();
      return;
    }
    this.#flushing = true;
    this.#unsyncedSinceMs ??= clock.monotonicMs();
    wal.flush((fault) => {
      this.#flushing = false;
      if (this.#closed) return;
      if (fault?.reason === 'disk_full') {
        // Everything is still staged; the next tick tries again.
        this.#waiting = [...waiting, ...this.#waiting];
        return;
      }
      if (fault !== undefined) {
        this.#break(fault);
        return;
      }
      this.#unsyncedSinceMs = undefined;
      for (const run of waiting) run();
      this.transport.flush();
      for (const group of groups) if (group.hasWork) this.wake(group);
      // What was staged meanwhile is still to be synced.
      if (wal.needsFlush || this.#waiting.length > 0) this.#schedule();
    });
  }

  #doSoon(): void {
    const runs = this.#soon;
    this.#soon = [];
    if (this.#closed || this.#broken !== undefined) return;
    for (const run of runs) run();
    this.transport.flush();
  }

  #break(fault: Fault): void {
    if (this.#broken !== undefined) return;
    this.#broken = fault;
    this.#stopTicks();
    for (const group of this.#groups.values()) group.fail(fault);
    this.#options.onBroken(fault);
  }

  #receive(messages: readonly GroupMessage[]): void {
    for (const { group: id, message } of messages) this.#groups.get(id)?.step(message);
  }

  #receiveSnapshot({ group, message }: GroupMessage): SnapshotSink | undefined {
    return this.#groups.get(group)?.receive(message);
  }

  #unreachable(peer: NodeId, reset: boolean): void {
    for (const group of this.#groups.values()) {
      group.reportUnreachable(peer);
      if (reset && group.leaderReset(peer)) this.#campaignSoon(group);
    }
  }

  /** All members see the reset at once; who asks first should have time to be answered. */
  #campaignSoon(group: RaftGroup): void {
    const { clock, random } = this.#options;
    const { tickMs, heartbeatTicks } = this.timing;
    clock.after(randomBelow(random, Math.ceil(tickMs * heartbeatTicks)), () => {
      if (this.#closed || this.#broken !== undefined || group.lead !== NONE) return;
      group.campaign();
    });
  }

  #armTick(): void {
    const { clock, defer } = this.#options;
    this.#stopTicks = clock.after(this.timing.tickMs, () => {
      if (this.#closed || this.#broken !== undefined) return;
      defer(() => {
        this.#tickDue = true;
        this.#schedule();
      });
      this.#armTick();
    });
  }

  #tick(): void {
    this.#tickDue = false;
    this.#options.wal.reclaim();
    for (const group of this.#groups.values()) group.tick();
  }
}
