import type { Operation } from './history.ts';

/**
 * What a system promises, as one object that does one operation at a time. A history is linearizable when
 * this object could have given all its answers (Herlihy and Wing, TOPLAS 1990). All functions are pure.
 */
export interface Model<State, Input, Output> {
  readonly init: State;
  /**
   * The state after `input`, or `undefined` when `state` could not have answered `output`. An `output` of
   * `undefined` means that nobody knows the answer, so any will do.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Equal for equal states and for no others; messages show it. */
  keyOf(state: State): string | number;
  /**
   * True when doing this at once, where `step` allows it, is as good as doing it at any later time, whatever
   * else remains to be done: a read, for one. False when in doubt. All that was called until `now` is under
   * way.
   */
  isFree(state: State, input: Input, output: Output, now: number): boolean;
  /** Operations on different parts do not affect each other and are checked apart. Default: one part. */
  partOf?(input: Input): string;
  /**
   * A model that gives these operations, one part of a history, the same verdict sooner: it may take states
   * for one that they cannot tell apart, and refuse what leads nowhere. Default: the model itself.
   */
  narrowTo?(operations: readonly Operation<Input, Output>[]): Model<unknown, Input, Output>;
}
