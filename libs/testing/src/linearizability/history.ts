/**
 * What clients did to a system and what they learned, recorded from outside: the input of the linearizability
 * checker. One recorder serves all clients of a process, so the order in which it is told things is the
 * real-time order, and no clock is needed.
 */
import { assert } from '@ringwatch/kernel';

/** One operation of one client, from call to return. */
export interface Operation<Input, Output> {
  /** The client; it has one operation under way at a time. For messages only, the checker does not look. */
  readonly client: number | string;
  readonly input: Input;
  /** When it was called, on any scale that grows with time. */
  readonly callAt: number;
  /**
   * What the client was told and when. Absent while the outcome is unknown: the operation may take effect at
   * any time after its call, or never. `output` is never `undefined`.
   */
  readonly answer?: { readonly output: Output; readonly returnAt: number };
}

/** Ends an operation that {@link History.call} began, once. Without either, its outcome is unknown. */
export interface PendingOperation<Output> {
  /** The client got `output`. */
  answered(output: Output): void;
  /** It certainly took no effect, now or later: the history forgets it. */
  refused(): void;
}

/** Records operations in the order in which they are called and end. */
export class History<Input, Output> {
  readonly #operations = new Map<number, Operation<Input, Output>>();
  #now = 0;

  /** `client` calls; end it through what is returned, or leave it when nobody knows what became of it. */
  call(client: number | string, input: Input): PendingOperation<Output> {
    const callAt = this.#now++;
    const pending = { client, input, callAt };
    this.#operations.set(callAt, pending);
    const end = (): number => {
      assert(this.#operations.get(callAt) === pending, `the operation called at ${callAt} ended twice`);
      return this.#now++;
    };
    return {
      answered: (output) => {
        const returnAt = end();
        this.#operations.set(callAt, { ...pending, answer: { output, returnAt } });
      },
      refused: () => {
        end();
        this.#operations.delete(callAt);
      },
    };
  }

  /** Everything that was not refused, in order of the calls; what has no answer yet is unknown. */
  get operations(): readonly Operation<Input, Output>[] {
    return [...this.#operations.values()];
  }
}
