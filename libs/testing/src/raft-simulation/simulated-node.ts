/**
 * One node of a simulated cluster: a disk that outlives its processes, and, while it is up, a process that
 * runs the production driver on it.
 */
import { Fault, type Random } from '@ringwatch/kernel';
import type { ConfState, NodeId } from '@ringwatch/raft';
import {
  MultiRaft,
  SnapshotFiles,
  Wal,
  type GroupId,
  type GroupOptions,
  type RaftGroup,
} from '@ringwatch/raft-node';
import { SimulatedCrash, SimulatedLogDisk } from '../simulated-log-disk.ts';
import { KeyValueMachine } from './key-value-machine.ts';
import { Violation, type RaftInvariants } from './raft-invariants.ts';
import { SimulatedTransport, type SimulatedNetwork } from './simulated-network.ts';
import { ProcessLife, SimulatedClock } from './simulated-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What all nodes of a run share. */
export interface NodeWorld {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly network: SimulatedNetwork;
  readonly invariants: ReadonlyMap<GroupId, RaftInvariants>;
  /** An event of this kind happened. */
  readonly count: (event: 'timer' | 'disk') => void;
  /** How long a sync takes, unless the disk is slow. */
  readonly syncMs: () => number;
  /** How long the state machine takes for a piece of work; 0: it is done at once. */
  readonly applyMs: () => number;
  readonly limits: GroupLimits;
  /** A process has ended; the run may start another one. */
  readonly onCrash: (node: SimulatedNode) => void;
}

/** How much a group's core has on its way. */
export type GroupLimits = Pick<GroupOptions, 'messageBytesMax' | 'inflightMessagesMax' | 'applyingBytesMax'>;

interface Process {
  readonly life: ProcessLife;
  readonly clock: SimulatedClock;
  readonly raft: MultiRaft;
  readonly wal: Wal;
  readonly machines: ReadonlyMap<GroupId, KeyValueMachine>;
}

const SEGMENT_BYTES = 32 * 1024;
const SNAPSHOT_EVERY_BYTES = 1_500;
const RETAINED_ENTRIES = 20;
/** A turn begins so soon after what caused it. */
const TURN_MS_MAX = 0.05;

export class SimulatedNode {
  readonly disk: SimulatedLogDisk;
  #process: Process | undefined;
  /** Syncs take this long on top, until then. */
  #slow = { ms: 0, untilMs: 0 };
  /** The log was found damaged; the node never comes back under its id. */
  isLost = false;

  constructor(
    readonly id: NodeId,
    private readonly world: NodeWorld,
    private readonly members: ConfState | undefined,
  ) {
    this.disk = new SimulatedLogDisk({
      random: world.random,
      schedule: (done) => this.#schedule(done),
    });
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  get isPaused(): boolean {
    return this.#process?.life.isPaused ?? false;
  }

  group(id: GroupId): RaftGroup | undefined {
    return this.#process?.raft.group(id);
  }

  machine(id: GroupId): KeyValueMachine | undefined {
    return this.#process?.machines.get(id);
  }

  /** Syncs take `ms` longer until `untilMs`. */
  slowDisk(ms: number, untilMs: number): void {
    this.#slow = { ms, untilMs };
  }

  pause(): void {
    this.#process?.life.pause();
  }

  resume(): void {
    this.#process?.life.resume();
  }

  jumpClock(ms: number): void {
    this.#process?.clock.jumpWall(ms);
  }

  /** Lets a client's call reach the process, if there is one. */
  enter(run: () => void): void {
    this.#process?.life.enter(run);
  }

  /** Power loss, or kill: what was not synced is left to chance. */
  crash(): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    process.life.end();
    this.disk.crash();
    this.world.network.reset(this.id);
    this.world.onCrash(this);
  }

  /** Starts a process on what the disk holds. A damaged log is the end of the node. */
  start(): void {
    if (this.#process !== undefined || this.isLost) return;
    try {
      this.#start();
    } catch (error) {
      this.#abandon();
      const isFault = error instanceof Fault;
      if (error instanceof SimulatedCrash || (isFault && error.code === 'unavailable')) {
        this.disk.crash();
        this.world.onCrash(this);
      } else if (isFault && error.code === 'data_loss') {
        if (this.disk.counters.bitFlips === 0)
          throw new Violation(`${this.id} lost its log: ${error.message}`);
        // What it had acknowledged may still be counted: it was durable then.
        this.isLost = true;
      } else {
        throw error;
      }
    }
  }

  /** Ends a process that did not come up. */
  #abandon(): void {
    this.#process?.life.end();
    this.#process = undefined;
  }

  #start(): void {
    const { world, id, disk } = this;
    const life = this.#guardedLife();
    const rate = 0.95 + world.random.next() * 0.1;
    const clock = new SimulatedClock(world.time, life, rate, () => world.count('timer'));
    const wal = Wal.open({
      disk,
      folder: 'raft/wal',
      segmentBytes: SEGMENT_BYTES,
      random: world.random,
      clock,
      onBroken: () => undefined,
    });
    this.#watchFlushes(wal);
    const machines = new Map<GroupId, KeyValueMachine>();
    for (const [group, invariants] of world.invariants) {
      invariants.watch(id, wal.group(group));
      const onApplied = (index: number, hash: number): void => invariants.applied(id, index, hash);
      machines.set(group, new KeyValueMachine(onApplied, (work) => this.#later(life, work)));
    }
    const transport = new SimulatedTransport(world.network, id, life, (message, group) =>
      world.invariants.get(group)?.sent(message),
    );
    const raft = new MultiRaft({
      nodeId: id,
      wal,
      snapshots: new SnapshotFiles(disk, 'raft/snapshots'),
      transport,
      clock,
      random: world.random,
      defer: (run) => void world.time.after(world.random.next() * TURN_MS_MAX, () => life.enter(run)),
      onBroken: () => world.time.after(0, () => this.#end(life)),
    });
    this.#process = { life, clock, raft, wal, machines };
    for (const [group, machine] of machines) {
      raft.open({
        id: group,
        machine,
        ...(this.members === undefined ? {} : { members: this.members }),
        ...world.limits,
        snapshotEveryBytes: SNAPSHOT_EVERY_BYTES,
        retainFrom: (index) => index - RETAINED_ENTRIES + 1,
        onFailed: (fault) => this.#groupFailed(fault),
      });
    }
  }

  /** A life in which a staged crash ends the process, and every step is checked. */
  #guardedLife(): ProcessLife {
    const life = new ProcessLife();
    const enter = life.enter.bind(life);
    life.enter = (run) =>
      enter(() => {
        try {
          run();
          if (!life.isOver) this.#check();
        } catch (error) {
          if (!(error instanceof SimulatedCrash)) throw error;
          this.#end(life);
        }
      });
    return life;
  }

  #later(life: ProcessLife, work: () => void): void {
    const { time, applyMs } = this.world;
    const ms = applyMs();
    if (ms === 0) work();
    else time.after(ms, () => life.enter(work));
  }

  #end(life: ProcessLife): void {
    if (this.#process?.life === life) this.crash();
  }

  #check(): void {
    for (const [group, invariants] of this.world.invariants) {
      const raft = this.group(group);
      if (raft !== undefined && raft.failed === undefined) invariants.check(this.id, raft);
    }
  }

  /** A group that gives up for good has lost what it had promised: nothing here may cause that. */
  #groupFailed(fault: Fault): void {
    if (fault.reason === 'raft_log_lost') throw fault;
  }

  #watchFlushes(wal: Wal): void {
    const flush = wal.flush.bind(wal);
    wal.flush = (done) => {
      const ends = [...this.world.invariants.values()].map((invariants) => invariants.flushBegins(this.id));
      flush((fault) => {
        for (const end of ends) end(fault === undefined);
        if (fault === undefined && !wal.needsFlush) {
          for (const invariants of this.world.invariants.values()) invariants.allDurable(this.id);
        }
        done(fault);
      });
    };
  }

  #schedule(done: () => void): void {
    const { world } = this;
    const life = this.#process?.life;
    // While a process starts it has nobody to wait for.
    if (life === undefined) {
      done();
      return;
    }
    const slowMs = world.time.nowMs < this.#slow.untilMs ? this.#slow.ms : 0;
    world.time.after(world.syncMs() + slowMs, () => {
      world.count('disk');
      life.enter(done);
    });
  }
}
