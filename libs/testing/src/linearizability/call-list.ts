/**
 * Calls and returns of the operations with a known outcome, in order of time, as a doubly linked list from
 * which the search takes operations out (lift) and puts them back (unlift, in the opposite order).
 *
 * 1. At equal times calls come before returns: operations that touch overlap.
 * 2. An operation may be linearized next if and only if its call stands before the first return.
 */
import type { Operation } from './history.ts';

/** The node before the first; also behind the last. */
export const HEAD = 0;
const RETURN = 1;

interface Event {
  readonly at: number;
  readonly kind: 'call' | 'return';
  readonly operation: number;
}

export class CallList {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** By return node: how many calls, known and unknown, came before it. */
  readonly #callsBefore: Int32Array;
  readonly #unknownBefore: Int32Array;
  readonly #at: Float64Array;

  /**
   * @param known answered operations by call time; an operation's number is its index.
   * @param unknownCallsAt call times of the others, ascending.
   */
  constructor(known: readonly Operation<unknown, unknown>[], unknownCallsAt: readonly number[]) {
    const nodes = 2 * known.length + 2;
    this.#next = new Int32Array(nodes);
    this.#previous = new Int32Array(nodes);
    this.#callsBefore = new Int32Array(nodes);
    this.#unknownBefore = new Int32Array(nodes);
    this.#at = new Float64Array(nodes);
    let [last, calls, unknown] = [HEAD, 0, 0];
    for (const { at, kind, operation } of eventsOf(known)) {
      const node = 2 * operation + 2 + (kind === 'return' ? RETURN : 0);
      if (kind === 'call') calls++;
      while (unknown < unknownCallsAt.length && (unknownCallsAt[unknown] as number) <= at) unknown++;
      this.#callsBefore[node] = calls;
      this.#unknownBefore[node] = unknown;
      this.#at[node] = at;
      this.#next[last] = node;
      this.#previous[node] = last;
      last = node;
    }
    this.#next[last] = HEAD;
    this.#previous[HEAD] = last;
  }

  /** The first node: the call that came first of those in the list. */
  get first(): number {
    return this.#next[HEAD] as number;
  }

  get isEmpty(): boolean {
    return this.first === HEAD;
  }

  /** The first return: calls behind it cannot be next. {@link HEAD} when the list is empty. */
  firstReturn(): number {
    let node = this.first;
    while (node !== HEAD && !this.isReturn(node)) node = this.after(node);
    return node;
  }

  after(node: number): number {
    return this.#next[node] as number;
  }

  callOf(operation: number): number {
    return 2 * operation + 2;
  }

  isReturn(node: number): boolean {
    return (node & RETURN) === RETURN;
  }

  operationOf(node: number): number {
    return (node >> 1) - 1;
  }

  /** When a call or return happened. */
  timeOf(node: number): number {
    return this.#at[node] as number;
  }

  /** How many operations with a known outcome were called before this return. */
  callsBefore(returnNode: number): number {
    return this.#callsBefore[returnNode] as number;
  }

  /** How many operations with an unknown outcome were called before this return. */
  unknownBefore(returnNode: number): number {
    return this.#unknownBefore[returnNode] as number;
  }

  lift(operation: number): void {
    const call = this.callOf(operation);
    this.#unlink(call);
    this.#unlink(call + RETURN);
  }

  unlift(operation: number): void {
    const call = this.callOf(operation);
    this.#link(call + RETURN);
    this.#link(call);
  }

  #unlink(node: number): void {
    const [previous, next] = [this.#previous[node] as number, this.#next[node] as number];
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  #link(node: number): void {
    this.#next[this.#previous[node] as number] = node;
    this.#previous[this.#next[node] as number] = node;
  }
}

function eventsOf(known: readonly Operation<unknown, unknown>[]): Event[] {
  const events = known.flatMap(({ callAt, answer }, operation): Event[] => [
    { at: callAt, kind: 'call', operation },
    { at: answer?.returnAt ?? Infinity, kind: 'return', operation },
  ]);
  const order = { call: 0, return: 1 };
  return events.sort((a, b) => a.at - b.at || order[a.kind] - order[b.kind] || a.operation - b.operation);
}
