/**
 * The search for one part of a history: Wing and Gong's (1993) depth-first search for an order in which the
 * model gives all answers, with Lowe's (2017) memory of the configurations that led nowhere. A configuration
 * is the set of linearized operations and the state they left. It owns and mutates all that it keeps.
 *
 * 1. An operation whose answer is known must be linearized before it returns. One with an unknown outcome
 *    returns at infinity and may be left out, so it is tried last, and never where it changes nothing.
 * 2. What is possible now and free (a read, for one) is linearized at once and without alternatives: whatever
 *    order completes the history, it may as well come first.
 * 3. An operation with an unknown outcome is no use if the very next one leads to the same state without it.
 */
import type { Clock } from '@ringwatch/kernel';
import { CallList, HEAD } from './call-list.ts';
import { ConfigurationSet, mix, type Configuration } from './configuration-set.ts';
import type { Operation } from './history.ts';
import type { Model } from './model.ts';
import { IMPOSSIBLE, NumberedStates } from './numbered-states.ts';

/** Steps between two looks at the clock. */
const STEPS_PER_LOOK = 1_024;

/** How a search ended. */
export type SearchEnd = 'linearizable' | 'not-linearizable' | 'out-of-time' | 'out-of-memory';

/** How far the search came. */
export interface Attempt<Input, Output> {
  /** The longest order found. */
  readonly prefix: readonly Operation<Input, Output>[];
  /** Key of the state after it. */
  readonly state: string;
  /** Operations under way then, of which none could be next. */
  readonly pending: readonly Operation<Input, Output>[];
}

/** A decision of the search, to be taken back. */
interface Frame {
  /** How many operations were linearized before it. */
  readonly depth: number;
  readonly state: number;
  /** The first return among what was left. */
  readonly boundary: number;
}

/** A configuration from which no operation could be next. */
interface DeadEnd {
  /** How many operations with a known outcome are in the order. */
  readonly answered: number;
  readonly order: readonly number[];
  readonly state: number;
  readonly pending: readonly number[];
}

export class LinearizationSearch<State, Input, Output> {
  readonly #states: NumberedStates<State, Input, Output>;
  /** Those with a known outcome come first; an operation's number is its index. */
  readonly #operations: readonly Operation<Input, Output>[];
  readonly #knownCount: number;
  readonly #calls: CallList;
  readonly #seen: ConfigurationSet;
  readonly #here: Configuration;
  /** Hashes of the linearized operations with a known outcome, by exclusive or (Zobrist 1970). */
  #knownHash = 0;
  readonly #order: number[] = [];
  /** How many operations with a known outcome are in the order. */
  #answered = 0;
  readonly #frames: Frame[] = [];
  /** The first return in the list: operations called behind it cannot be next. */
  #boundary = 0;
  #longest: DeadEnd = { answered: -1, order: [], state: 0, pending: [] };

  /** @param wordsMax how much to remember, see {@link ConfigurationSet}. */
  constructor(
    model: Model<State, Input, Output>,
    operations: readonly Operation<Input, Output>[],
    wordsMax?: number,
  ) {
    const inOrder = operations.toSorted((a, b) => a.callAt - b.callAt);
    const known = inOrder.filter(({ answer }) => answer !== undefined);
    const unknown = inOrder.filter(({ answer }) => answer === undefined);
    this.#states = new NumberedStates(model);
    this.#operations = [...known, ...unknown];
    this.#knownCount = known.length;
    this.#calls = new CallList(
      known,
      unknown.map(({ callAt }) => callAt),
    );
    this.#seen = new ConfigurationSet(wordsMax);
    this.#here = {
      state: this.#states.init,
      hash: 0,
      from: 0,
      to: 0,
      known: new Int32Array((known.length + 31) >>> 5),
      unknown: new Int32Array((unknown.length + 31) >>> 5),
    };
  }

  /** Runs to the end, or until the monotonic time of `clock` is `deadlineMs`. To be called once. */
  run(clock: Pick<Clock, 'monotonicMs'>, deadlineMs: number): SearchEnd {
    this.#settle();
    let resumeAt = this.#calls.first;
    for (let step = 0; !this.#calls.isEmpty; step++) {
      if (step % STEPS_PER_LOOK === 0 && clock.monotonicMs() >= deadlineMs) return 'out-of-time';
      if (this.#seen.isFull) return 'out-of-memory';
      if (this.#descend(resumeAt)) {
        resumeAt = this.#calls.first;
        continue;
      }
      this.#noteDeadEnd();
      const undone = this.#retreat();
      if (undone === undefined) return 'not-linearizable';
      resumeAt = this.#isKnown(undone) ? this.#calls.after(this.#calls.callOf(undone)) : -undone;
    }
    return 'linearizable';
  }

  /** How far it came before it ended, unless it found an order. */
  longestAttempt(): Attempt<Input, Output> {
    const { order, state, pending } = this.#longest;
    return {
      prefix: order.map((operation) => this.#operationAt(operation)),
      state: this.#states.nameOf(state),
      pending: pending.map((operation) => this.#operationAt(operation)),
    };
  }

  /**
   * Linearizes the first operation that leads to a new configuration; false when there is none left to try.
   * `resumeAt` is the node to begin with, or minus the number of the unknown operation to go on behind.
   */
  #descend(resumeAt: number): boolean {
    const calls = this.#calls;
    if (resumeAt > 0) {
      for (let node = resumeAt; !calls.isReturn(node); node = calls.after(node)) {
        if (this.#enter(calls.operationOf(node))) return true;
      }
    }
    const end = this.#knownCount + calls.unknownBefore(this.#boundary);
    for (let operation = resumeAt > 0 ? this.#knownCount : 1 - resumeAt; operation < end; operation++) {
      if (!this.#isUsed(operation) && this.#enter(operation)) return true;
    }
    return false;
  }

  /** Linearizes `operation` if it may be next and leads to a configuration that was not seen. */
  #enter(operation: number): boolean {
    const here = this.#here;
    const state = this.#step(here.state, operation);
    if (state === IMPOSSIBLE) return false;
    if (!this.#isKnown(operation) && state === here.state) return false;
    if (this.#lastWasNoUse(operation, state)) return false;
    this.#frames.push({ depth: this.#order.length, state: here.state, boundary: this.#boundary });
    this.#take(operation);
    here.state = state;
    this.#settle();
    if (this.#calls.isEmpty) return true;
    here.hash = mix(this.#knownHash + here.state);
    here.from = this.#calls.operationOf(this.#calls.first) >>> 5;
    here.to = (this.#calls.callsBefore(this.#boundary) + 31) >>> 5;
    if (this.#seen.add(here)) return true;
    this.#retreat();
    return false;
  }

  /** Would `operation` have led to `state` without the unknown one that was linearized just before it? */
  #lastWasNoUse(operation: number, state: number): boolean {
    const last = this.#order.at(-1);
    const frame = this.#frames.at(-1);
    if (last === undefined || frame === undefined || this.#isKnown(last)) return false;
    return this.#step(frame.state, operation) === state;
  }

  /** Linearizes all that is free, and finds the boundary. */
  #settle(): void {
    do this.#boundary = this.#calls.firstReturn();
    while (this.#takeFree());
  }

  /** Linearizes the operations that are free, one time around; false when there was none. */
  #takeFree(): boolean {
    const calls = this.#calls;
    const here = this.#here;
    const now = calls.timeOf(this.#boundary);
    const depth = this.#order.length;
    let passed = HEAD;
    let node = calls.first;
    while (node !== HEAD && !calls.isReturn(node)) {
      const operation = calls.operationOf(node);
      const isFree = this.#states.isFree(here.state, this.#operationAt(operation), now);
      const state = isFree ? this.#step(here.state, operation) : IMPOSSIBLE;
      if (state === IMPOSSIBLE) {
        passed = node;
      } else {
        this.#take(operation);
        here.state = state;
      }
      node = calls.after(passed);
    }
    return this.#order.length > depth;
  }

  /** Takes the last decision back; the operation that it was about, or undefined at the beginning. */
  #retreat(): number | undefined {
    const frame = this.#frames.pop();
    if (frame === undefined) return undefined;
    let operation: number | undefined;
    while (this.#order.length > frame.depth) {
      operation = this.#order.pop() as number;
      this.#putBack(operation);
    }
    this.#here.state = frame.state;
    this.#boundary = frame.boundary;
    return operation;
  }

  #take(operation: number): void {
    this.#order.push(operation);
    this.#toggle(operation);
    if (!this.#isKnown(operation)) return;
    this.#calls.lift(operation);
    this.#answered++;
  }

  #putBack(operation: number): void {
    this.#toggle(operation);
    if (!this.#isKnown(operation)) return;
    this.#calls.unlift(operation);
    this.#answered--;
  }

  #toggle(operation: number): void {
    const here = this.#here;
    if (this.#isKnown(operation)) {
      here.known[operation >>> 5] = (here.known[operation >>> 5] as number) ^ (1 << (operation & 31));
      this.#knownHash ^= mix(operation + 1);
    } else {
      const bit = operation - this.#knownCount;
      here.unknown[bit >>> 5] = (here.unknown[bit >>> 5] as number) ^ (1 << (bit & 31));
    }
  }

  #isKnown(operation: number): boolean {
    return operation < this.#knownCount;
  }

  #isUsed(unknown: number): boolean {
    const bit = unknown - this.#knownCount;
    return (((this.#here.unknown[bit >>> 5] as number) >>> (bit & 31)) & 1) === 1;
  }

  /** The state after `operation`, or {@link IMPOSSIBLE}. */
  #step(state: number, operation: number): number {
    return this.#states.after(state, this.#operationAt(operation));
  }

  #operationAt(number: number): Operation<Input, Output> {
    return this.#operations[number] as Operation<Input, Output>;
  }

  /** Keeps the order with the most answers that the search was in, and of those the shortest. */
  #noteDeadEnd(): void {
    const [order, answered, longest] = [this.#order, this.#answered, this.#longest];
    if (answered < longest.answered) return;
    if (answered === longest.answered && order.length >= longest.order.length) return;
    const pending: number[] = [];
    const calls = this.#calls;
    for (let node = calls.first; !calls.isReturn(node); node = calls.after(node)) {
      pending.push(calls.operationOf(node));
    }
    this.#longest = { answered, order: [...order], state: this.#here.state, pending };
  }
}
