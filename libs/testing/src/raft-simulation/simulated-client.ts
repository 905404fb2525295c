/**
 * A client of a simulated cluster: one operation after the other, to whichever node it believes in, and a
 * record of what it was told.
 */
import { randomBelow, type Fault, type Random } from '@ringwatch/kernel';
import type { GroupId } from '@ringwatch/raft-node';
import type { History, PendingOperation } from '../linearizability/history.ts';
import type { KeyValueInput, KeyValueOutput } from '../linearizability/key-value-model.ts';
import { encodeCommand } from './key-value-machine.ts';
import type { RaftInvariants } from './raft-invariants.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What all clients of a run share. */
export interface ClientWorld {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly group: GroupId;
  readonly nodes: readonly SimulatedNode[];
  readonly history: History<KeyValueInput, KeyValueOutput>;
  readonly invariants: RaftInvariants;
  readonly keys: number;
  readonly thinkMeanMs: number;
}

/** What tells one client from another. */
export interface ClientHabits {
  /** Share of its operations that are reads. */
  readonly readRatio: number;
  /**
   * How often it asks any node instead of the one that it believes in: a leader that is none any more, too.
   */
  readonly roamRatio: number;
  /** Whoever was not answered for so long goes on without ever learning it. */
  readonly patienceMs: number;
}

const BUSY_RETRY_MS = 20;
const PUT_RATIO = 0.2;

export class SimulatedClient {
  #believed = 0;
  #operation = 0;
  #stopped = false;
  /** Operations begun, and answered. */
  readonly counters = { begun: 0, answered: 0 };

  constructor(
    private readonly id: number,
    private readonly world: ClientWorld,
    private readonly habits: ClientHabits,
  ) {
    this.#think();
  }

  stop(): void {
    this.#stopped = true;
  }

  #think(): void {
    const { time, random, thinkMeanMs } = this.world;
    time.after(-Math.log(1 - random.next()) * thinkMeanMs, () => {
      if (!this.#stopped) this.#begin();
    });
  }

  #begin(): void {
    const { time, random, nodes, history } = this.world;
    const operation = ++this.#operation;
    if (random.next() < this.habits.roamRatio) this.#believed = randomBelow(random, nodes.length);
    const node = nodes[this.#believed % nodes.length] as SimulatedNode;
    if (!node.isUp) {
      this.#doubt();
      time.after(BUSY_RETRY_MS, () => this.#think());
      return;
    }
    const input = this.#input(operation);
    const pending = history.call(this.id, input);
    this.counters.begun++;
    let over = false;
    const end = (settle: () => void): void => {
      if (over) return;
      over = true;
      settle();
      this.#think();
    };
    node.enter(() => this.#call(node, input, pending, end));
    time.after(this.habits.patienceMs, () =>
      end(() => {
        if (random.next() < 0.5) this.#doubt();
      }),
    );
  }

  #call(
    node: SimulatedNode,
    input: KeyValueInput,
    pending: PendingOperation<KeyValueOutput>,
    end: (settle: () => void) => void,
  ): void {
    const group = node.group(this.world.group);
    const machine = node.machine(this.world.group);
    const answered = (output: KeyValueOutput): void => {
      this.counters.answered++;
      pending.answered(output);
    };
    const rejected = (fault: Fault): void =>
      end(() => {
        // A read has no effect, a refused proposal neither; of the others nobody knows.
        if (input.kind === 'get' || fault.code !== 'deadline_exceeded') pending.refused();
        this.#doubt();
      });
    if (group === undefined || machine === undefined) {
      end(() => pending.refused());
    } else if (input.kind === 'get') {
      const check = this.world.invariants.readBegins();
      const resolve = (index: number): void => {
        check(index);
        end(() => answered(machine.get(input.key)));
      };
      group.readTo({ resolve, reject: rejected });
    } else {
      const data = encodeCommand(input);
      group.proposeTo({ data, resolve: () => end(() => answered(null)), reject: rejected });
    }
  }

  #input(operation: number): KeyValueInput {
    const { random, keys } = this.world;
    const key = `k${randomBelow(random, keys)}`;
    const value = `${this.id}.${operation};`;
    if (random.next() < this.habits.readRatio) return { kind: 'get', key };
    return { kind: random.next() < PUT_RATIO ? 'put' : 'append', key, value };
  }

  /** Asks another node next time: the one that leads as far as the last one knows, or any. */
  #doubt(): void {
    const { nodes, random, group } = this.world;
    const lead = nodes[this.#believed % nodes.length]?.group(group)?.lead ?? 0;
    this.#believed = lead > 0 && random.next() < 0.8 ? lead - 1 : randomBelow(random, nodes.length);
  }
}
