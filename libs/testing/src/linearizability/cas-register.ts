/** One register that is read, written and compared-and-set: the object of Jepsen's etcd tests. */
import type { Model } from './model.ts';

/** What a register holds; null before the first write. */
export type RegisterValue = number | null;

export type RegisterInput =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: number }
  | { readonly kind: 'cas'; readonly from: number; readonly to: number };

/** A read answers what the register holds, a compare-and-set whether it was applied, a write null. */
export type RegisterOutput = RegisterValue | boolean;

export const casRegister: Model<RegisterValue, RegisterInput, RegisterOutput> = {
  init: null,
  step: (state, input, output) => {
    switch (input.kind) {
      case 'read':
        return output === undefined || output === state ? state : undefined;
      case 'write':
        return input.value;
      case 'cas': {
        const applies = state === input.from;
        if (output !== undefined && output !== applies) return undefined;
        return applies ? input.to : state;
      }
    }
  },
  keyOf: (state) => state ?? 'null',
  isFree: (_state, { kind }, output) => kind === 'read' || (kind === 'cas' && output === false),
};
