/** The states that a search has met, by number, so that configurations are words and equality is `===`. */
import type { Operation } from './history.ts';
import type { Model } from './model.ts';

/** Instead of a number: the state could not have given the answer. */
export const IMPOSSIBLE = -1;

export class NumberedStates<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #states: State[] = [];
  readonly #numbers = new Map<string | number, number>();
  /** The number of the state at the beginning. */
  readonly init: number;

  constructor(model: Model<State, Input, Output>) {
    this.#model = model;
    this.init = this.#numberOf(model.init);
  }

  /** The state after `operation`, or {@link IMPOSSIBLE}. */
  after(state: number, { input, answer }: Operation<Input, Output>): number {
    const next = this.#model.step(this.#states[state] as State, input, answer?.output);
    return next === undefined ? IMPOSSIBLE : this.#numberOf(next);
  }

  /** May `operation`, if possible, be done at once and without alternatives? See {@link Model.isFree}. */
  isFree(state: number, { input, answer }: Operation<Input, Output>, now: number): boolean {
    return (
      answer !== undefined && this.#model.isFree(this.#states[state] as State, input, answer.output, now)
    );
  }

  /** The state's key, as text. */
  nameOf(state: number): string {
    return String(this.#model.keyOf(this.#states[state] as State));
  }

  #numberOf(state: State): number {
    const key = this.#model.keyOf(state);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#states.push(state) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}
