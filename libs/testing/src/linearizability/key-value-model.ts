/**
 * A map from keys to strings with get, put and append: what simulations and process tests check. Each key is
 * a part of its own.
 *
 * Appends make another state of every order of what overlaps, far too many to look at, but only those matter
 * that a get can still tell apart. So the model is narrowed to the gets of a history: to the lineage of what
 * they read, where that is unambiguous, and else to the values that any of them begins with.
 */
import type { Operation } from './history.ts';
import { lineageModel } from './key-value-lineage.ts';
import type { Model } from './model.ts';

export type KeyValueInput =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  /** To a key without a value it is a put. */
  | { readonly kind: 'append'; readonly key: string; readonly value: string };

/** A get answers the value, null when there is none; put and append answer null. */
export type KeyValueOutput = string | null;

/** Any value that no get can read, from which only a put leads back. */
const UNSEEN = Symbol('unseen');

/** The value of one key; null before it has one. */
export type KeyValueState = string | null | typeof UNSEEN;

/**
 * Fastest where the values written to a key are distinct and no appended one is the beginning of another.
 */
export const keyValueModel: Model<KeyValueState, KeyValueInput, KeyValueOutput> = {
  ...modelThatSees(() => true),
  partOf: ({ key }) => key,
  narrowTo: (operations) => lineageModel(operations) ?? modelThatSees(beginsOneOf(valuesRead(operations))),
};

function modelThatSees(
  isSeen: (value: string) => boolean,
): Model<KeyValueState, KeyValueInput, KeyValueOutput> {
  const seen = (value: string): KeyValueState => (isSeen(value) ? value : UNSEEN);
  return {
    init: null,
    step: (state, input, output) => {
      switch (input.kind) {
        case 'get':
          return output === undefined || output === state ? state : undefined;
        case 'put':
          return seen(input.value);
        case 'append':
          return state === UNSEEN ? UNSEEN : seen((state ?? '') + input.value);
      }
    },
    // Strings are quoted, so that none is taken for another state.
    keyOf: (state) => (typeof state === 'string' ? `'${state}'` : state === null ? 'nothing' : 'unseen'),
    isFree: (_state, { kind }) => kind === 'get',
  };
}

function valuesRead(operations: readonly Operation<KeyValueInput, KeyValueOutput>[]): string[] {
  const values = operations.map(({ input, answer }) => (input.kind === 'get' ? answer?.output : undefined));
  return values.filter((value) => typeof value === 'string');
}

/** Tells whether a text is the beginning of one of `values`. */
function beginsOneOf(values: readonly string[]): (text: string) => boolean {
  const sorted = [...new Set(values)].sort();
  return (text) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] as string) < text) low = middle + 1;
      else high = middle;
    }
    return sorted[low]?.startsWith(text) ?? false;
  };
}
