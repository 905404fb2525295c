/**
 * One simulated life of a Raft cluster: the production driver on virtual time, a network and disks that fail,
 * clients that record what they are told. First everything fails (safety), then everything heals and the
 * cluster has to come back (liveness). The same seed gives the same run, event by event.
 */
import { randomBelow, type Clock, type Random } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { confStateOf } from '@ringwatch/raft';
import { checkLinearizability } from '../linearizability/check-linearizability.ts';
import { History } from '../linearizability/history.ts';
import {
  keyValueModel,
  type KeyValueInput,
  type KeyValueOutput,
} from '../linearizability/key-value-model.ts';
import { FAULTS, Nemesis, type FaultKind } from './nemesis.ts';
import { RaftInvariants, Violation } from './raft-invariants.ts';
import { SimulatedClient } from './simulated-client.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { SimulatedNode, type GroupLimits } from './simulated-node.ts';
import { VirtualTime } from './virtual-time.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Least events before the cluster is healed. Default 10,000. */
  readonly eventsMin?: number;
  /** Least operations of clients before it is healed. Default 200. */
  readonly operationsMin?: number;
  /** Limits the time that the check of the history may take. */
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** What happened in a run. */
export interface SimulationCounters {
  readonly events: number;
  readonly deliveries: number;
  readonly lostMessages: number;
  readonly operations: number;
  readonly answered: number;
  readonly elections: number;
  readonly truncations: number;
  readonly snapshotInstalls: number;
  readonly configurationChanges: number;
  readonly tornWrites: number;
  readonly oneWayCuts: number;
  readonly crashes: number;
  readonly lostNodes: number;
  readonly virtualMs: number;
  /** Of everything that was applied anywhere: equal for equal runs. */
  readonly fingerprint: number;
}

/** How a run ended; a violation names the seed that shows it again. */
export interface SimulationResult {
  readonly seed: number;
  readonly counters: SimulationCounters;
  readonly violation: string | undefined;
}

const GROUP = 1;
const SAFETY_MS_MAX = 600_000;
const LIVENESS_MS_MAX = 60_000;
const HISTORY_BUDGET_MS = 60_000;
const SPARE_NODES_MAX = 2;
const APPLY_MS_MAX = 40;
/** Half of them write, half of them look around and read. */
const CLIENTS = 6;

export function simulateRaft(options: SimulationOptions): SimulationResult {
  const simulation = new Simulation(options);
  let violation: string | undefined;
  try {
    simulation.run();
  } catch (error) {
    violation = error instanceof Violation ? error.message : String((error as Error).stack ?? error);
  }
  return { seed: options.seed, counters: simulation.counters(), violation };
}

class Simulation {
  readonly #options: Required<SimulationOptions>;
  readonly #random: SeededRandom;
  readonly #time = new VirtualTime();
  readonly #network: SimulatedNetwork;
  readonly #invariants = new RaftInvariants();
  readonly #history = new History<KeyValueInput, KeyValueOutput>();
  readonly #nodes: SimulatedNode[] = [];
  readonly #clients: SimulatedClient[];
  readonly #nemesis: Nemesis;
  #events = 0;
  #restarts = true;

  constructor(options: SimulationOptions) {
    this.#options = { eventsMin: 10_000, operationsMin: 200, ...options };
    const random = (this.#random = new SeededRandom(options.seed));
    const time = this.#time;
    const temper = {
      lossRatio: random.next() < 0.3 ? 0 : random.next() * 0.2,
      doubledRatio: random.next() < 0.3 ? 0 : random.next() * 0.2,
      delayMeanMs: 0.5 + random.next() * 30,
      reorders: random.next() < 0.7,
    };
    this.#network = new SimulatedNetwork(time, random, temper, () => this.#events++);
    this.#addNodes();
    const nodes = this.#nodes;
    const clientWorld = {
      time,
      random,
      group: GROUP,
      nodes,
      history: this.#history,
      invariants: this.#invariants,
      keys: 3,
      thinkMeanMs: 60,
    };
    this.#clients = Array.from({ length: CLIENTS }, (_, i) => {
      const habits = {
        readRatio: i % 2 === 0 ? 0.3 : 0.95,
        roamRatio: i % 2 === 0 ? 0 : 0.5,
        patienceMs: 300 + random.next() * 2_700,
      };
      return new SimulatedClient(i, clientWorld, habits);
    });
    const faults = FAULTS.filter(() => random.next() < 0.7);
    const meanMs = 150 + random.next() * 600;
    this.#nemesis = new Nemesis({
      time,
      random,
      network: this.#network,
      nodes,
      groups: [GROUP],
      faults,
      meanMs,
    });
  }

  run(): void {
    for (const node of this.#nodes) node.start();
    const { eventsMin, operationsMin } = this.#options;
    while (this.#events < eventsMin || this.#operations < operationsMin) {
      if (!this.#time.step(SAFETY_MS_MAX)) throw new Violation('nothing happens any more');
    }
    this.#heal();
    this.#live();
    this.#checkHistory();
  }

  counters(): SimulationCounters {
    const sum = (of: (node: SimulatedNode) => number): number =>
      this.#nodes.reduce((total, node) => total + of(node), 0);
    const struck = (fault: FaultKind): number => this.#nemesis.counters[fault];
    return {
      events: this.#events,
      deliveries: this.#network.delivered,
      lostMessages: this.#network.lost,
      operations: this.#operations,
      answered: this.#clients.reduce((total, { counters }) => total + counters.answered, 0),
      elections: this.#invariants.leaders,
      truncations: this.#invariants.truncations,
      snapshotInstalls: this.#invariants.installs,
      configurationChanges: this.#invariants.configurations,
      tornWrites: sum(({ disk }) => disk.counters.tornWrites),
      oneWayCuts: struck('one-way-cut'),
      crashes: sum(({ disk }) => disk.counters.crashes),
      lostNodes: this.#nodes.filter(({ isLost }) => isLost).length,
      virtualMs: Math.round(this.#time.nowMs),
      fingerprint: this.#invariants.fingerprint,
    };
  }

  get #operations(): number {
    return this.#clients.reduce((total, { counters }) => total + counters.begun, 0);
  }

  #addNodes(): void {
    const random = this.#random;
    const voters = 3 + 2 * randomBelow(random, 2);
    const spare = randomBelow(random, SPARE_NODES_MAX + 1);
    const members = confStateOf(Array.from({ length: voters }, (_, i) => i + 1));
    const world = {
      time: this.#time,
      random,
      network: this.#network,
      invariants: new Map([[GROUP, this.#invariants]]),
      count: () => this.#events++,
      syncMs: () => 0.1 + random.next() * 2,
      applyMs: random.next() < 0.5 ? () => 0 : () => random.next() * APPLY_MS_MAX,
      limits: random.next() < 0.5 ? {} : smallLimits(random),
      onCrash: (node: SimulatedNode) => this.#restartLater(node),
    };
    for (let id = 1; id <= voters + spare; id++) {
      this.#nodes.push(new SimulatedNode(id, world, id <= voters ? members : undefined));
    }
  }

  #restartLater(node: SimulatedNode): void {
    if (!this.#restarts) return;
    this.#time.after(this.#random.next() * 3_000, () => node.start());
  }

  /** From now on nothing fails any more, and everybody who can come back does. */
  #heal(): void {
    this.#nemesis.stop();
    this.#network.heal();
    for (const node of this.#nodes) {
      node.disk.failSyncs(0);
      node.disk.crashAfter(Infinity);
      node.slowDisk(0, 0);
      node.resume();
      node.start();
    }
  }

  /** Within a few election timeouts there is a leader, and everybody has what it has. */
  #live(): void {
    const untilMs = this.#time.nowMs + LIVENESS_MS_MAX;
    const quietMs = this.#time.nowMs + LIVENESS_MS_MAX / 4;
    while (this.#time.nowMs < quietMs && this.#time.step(untilMs));
    for (const client of this.#clients) client.stop();
    while (!this.#isSettled()) {
      if (!this.#time.step(untilMs))
        throw new Violation(`no rest ${LIVENESS_MS_MAX} ms after all was healed`);
    }
  }

  #isSettled(): boolean {
    const leader = this.#nodes.map((node) => node.group(GROUP)).find((group) => group?.isLeader === true);
    if (leader === undefined) return false;
    const { confState, hardState } = leader.status();
    const members = [...confState.voters, ...confState.learners];
    return this.#nodes.every((node) => {
      if (node.isLost || !members.includes(node.id)) return true;
      return (
        node.group(GROUP)?.applied === hardState.commit && hardState.commit === this.#invariants.committed
      );
    });
  }

  #checkHistory(): void {
    const { clock } = this.#options;
    const report = checkLinearizability(keyValueModel, this.#history.operations, {
      clock,
      budgetMs: HISTORY_BUDGET_MS,
    });
    if (report.verdict !== 'linearizable') throw new Violation(`the history is ${report.verdict}`);
  }
}

/** Appends carry little and few are on their way, so that logs grow, and are told, step by step. */
function smallLimits(random: Random): GroupLimits {
  return {
    messageBytesMax: 1 + randomBelow(random, 200),
    inflightMessagesMax: 1 + randomBelow(random, 8),
    applyingBytesMax: 1 + randomBelow(random, 400),
  };
}
