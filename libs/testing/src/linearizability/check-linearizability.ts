/**
 * Is a history linearizable: is there an order of its operations that keeps real time and in which a model
 * gives every answer? The rules for unknown outcomes are those of Jepsen and Porcupine.
 *
 * 1. Parts of the history that do not affect each other (keys) are decided apart, small ones first.
 * 2. Whoever gates on the verdict must take `unknown` for a failure.
 */
import type { Clock } from '@ringwatch/kernel';
import type { Operation } from './history.ts';
import { LinearizationSearch, type Attempt } from './linearization-search.ts';
import type { Model } from './model.ts';

/** What is known about a history after looking for an order of it. */
export type Verdict<Input, Output> =
  | { readonly verdict: 'linearizable' }
  /** The search came to the end of its time or memory first. */
  | { readonly verdict: 'unknown'; readonly limit: 'time' | 'memory' }
  /** `part`, as the model names it, has no order; the attempt shows where it breaks. */
  | ({ readonly verdict: 'not-linearizable'; readonly part: string } & Attempt<Input, Output>);

export interface CheckOptions {
  /** The real one: the time that matters is that of this machine. */
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** How long to look before the verdict is `unknown`, milliseconds. */
  readonly budgetMs: number;
}

/** Room for two configurations or so: states of a model that is not narrowed may be long. */
const EXPLANATION_WORDS_PER_OPERATION = 16;
/** How many operations of a prefix a message shows, and how much of each end of a long value. */
const SHOWN_OPERATIONS = 5;
const SHOWN_CHARACTERS = 80;

/** Decides whether `operations`, in any order, are linearizable with respect to `model`. */
export function checkLinearizability<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  { clock, budgetMs }: CheckOptions,
): Verdict<Input, Output> {
  const deadlineMs = clock.monotonicMs() + budgetMs;
  let limit: 'time' | 'memory' | undefined;
  for (const [part, own] of partsOf(model, operations)) {
    const narrowed: Model<unknown, Input, Output> = model.narrowTo?.(own) ?? model;
    const search = new LinearizationSearch(narrowed, own);
    switch (search.run(clock, deadlineMs)) {
      case 'linearizable':
        break;
      case 'out-of-time':
        limit ??= 'time';
        break;
      case 'out-of-memory':
        limit ??= 'memory';
        break;
      case 'not-linearizable':
        // Whatever could not be decided before, the history as a whole has no order.
        return { verdict: 'not-linearizable', part, ...explain(model, own, search.longestAttempt()) };
    }
  }
  return limit === undefined ? { verdict: 'linearizable' } : { verdict: 'unknown', limit };
}

/**
 * The attempt to show: that of the model itself, if a short search with it comes as far as the narrowed one,
 * which may stop early, for reasons that only it can see.
 */
function explain<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  narrowed: Attempt<Input, Output>,
): Attempt<Input, Output> {
  if (model.narrowTo === undefined) return narrowed;
  const wordsMax = EXPLANATION_WORDS_PER_OPERATION * operations.length;
  const search = new LinearizationSearch(model, operations, wordsMax);
  search.run({ monotonicMs: () => 0 }, Infinity);
  const own = search.longestAttempt();
  return own.pending.length > 0 && own.prefix.length >= narrowed.prefix.length ? own : narrowed;
}

/** A verdict in words, for the message of a failed test; several lines when there is something to see. */
export function describeVerdict(verdict: Verdict<unknown, unknown>): string {
  switch (verdict.verdict) {
    case 'linearizable':
      return 'linearizable';
    case 'unknown':
      return `unknown: no order found, nor that there is none, when ${verdict.limit} ran out`;
    case 'not-linearizable': {
      const { part, prefix, state, pending } = verdict;
      const hidden = Math.max(0, prefix.length - SHOWN_OPERATIONS);
      return [
        `not linearizable${part === '' ? '' : ` at '${part}'`}: the longest order found is`,
        ...(hidden > 0 ? [`  … ${hidden} before`] : []),
        ...prefix.slice(hidden).map(describeOperation),
        `which leaves ${shortened(state)}; then none of these can be next:`,
        ...pending.map(describeOperation),
      ].join('\n');
    }
  }
}

function describeOperation({ client, input, callAt, answer }: Operation<unknown, unknown>): string {
  const outcome =
    answer === undefined
      ? `from ${callAt}: unknown`
      : `from ${callAt} to ${answer.returnAt}: ${shortened(JSON.stringify(answer.output))}`;
  return `  client ${client} ${shortened(JSON.stringify(input))} ${outcome}`;
}

function shortened(text: string): string {
  if (text.length <= 2 * SHOWN_CHARACTERS) return text;
  return `${text.slice(0, SHOWN_CHARACTERS)}…${text.slice(-SHOWN_CHARACTERS)}`;
}

function partsOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): [string, Operation<Input, Output>[]][] {
  const parts = new Map<string, Operation<Input, Output>[]>();
  for (const operation of operations) {
    const part = model.partOf?.(operation.input) ?? '';
    const own = parts.get(part);
    if (own === undefined) parts.set(part, [operation]);
    else own.push(operation);
  }
  return [...parts].sort(([, a], [, b]) => a.length - b.length);
}
