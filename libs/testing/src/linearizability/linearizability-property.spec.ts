import { randomBelow } from '@ringwatch/kernel';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { casRegister, type RegisterInput, type RegisterOutput, type RegisterValue } from './cas-register.ts';
import { checkLinearizability, describeVerdict } from './check-linearizability.ts';
import type { Operation } from './history.ts';
import { keyValueModel, type KeyValueInput, type KeyValueOutput } from './key-value-model.ts';
import type { Model } from './model.ts';
import { executeAtRandom } from './random-history.ts';

// Time stands still, so no search runs out of it.
const options = { clock: new FakeClock(), budgetMs: 1 };
const RUNS = 2_000;
const OPERATIONS_MAX = 6;
/** Were one verdict rare, agreement would say little about it. */
const RARER_MIN = RUNS / 4;

/** The definition, by brute force: is there any order that keeps real time and gives every answer? */
function hasOrder<State, Input, Output>(
  model: Model<State, Input, Output>,
  state: State,
  remaining: readonly Operation<Input, Output>[],
): boolean {
  if (remaining.every(({ answer }) => answer === undefined)) return true;
  return remaining.some((operation) => {
    const { input, callAt, answer } = operation;
    if (remaining.some((other) => (other.answer?.returnAt ?? Infinity) < callAt)) return false;
    const next = model.step(state, input, answer?.output);
    const others = remaining.filter((other) => other !== operation);
    return next !== undefined && hasOrder(model, next, others);
  });
}

/** Asserts that the checker says what the definition says; how often that was the rarer verdict. */
function rarerOfAgreed<State, Input, Output>(
  model: Model<State, Input, Output>,
  histories: fc.Arbitrary<Operation<Input, Output>[]>,
): number {
  const found = { linearizable: 0, 'not-linearizable': 0 };
  const property = fc.property(histories, (operations) => {
    const expected = hasOrder(model, model.init, operations) ? 'linearizable' : 'not-linearizable';
    found[expected]++;
    expect(checkLinearizability(model, operations, options).verdict).toBe(expected);
  });
  fc.assert(property, { numRuns: RUNS });
  return Math.min(...Object.values(found));
}

interface Call<Input, Output> {
  readonly input: Input;
  readonly output: Output;
}

/** Times are few, so that calls and returns coincide. One outcome in four is unknown. */
function historiesOf<Input, Output>(
  call: fc.Arbitrary<Call<Input, Output>>,
): fc.Arbitrary<Operation<Input, Output>[]> {
  const timed = fc.tuple(call, fc.nat(8), fc.nat(4), fc.nat(3));
  const operation = timed.map(([{ input, output }, callAt, tookMs, luck]) => ({
    client: 0,
    input,
    callAt,
    ...(luck > 0 && { answer: { output, returnAt: callAt + tookMs } }),
  }));
  return fc.array(operation, { maxLength: OPERATIONS_MAX });
}

const registerValue = fc.nat(2);
const registerInput: fc.Arbitrary<RegisterInput> = fc.oneof(
  fc.record({ kind: fc.constant('read' as const) }),
  fc.record({ kind: fc.constant('write' as const), value: registerValue }),
  fc.record({ kind: fc.constant('cas' as const), from: registerValue, to: registerValue }),
);

test('any history of a register gets the verdict that trying every order gives', () => {
  const call = registerInput.chain((input): fc.Arbitrary<Call<RegisterInput, RegisterOutput>> => {
    const outputs = { read: fc.option(registerValue), write: fc.constant(null), cas: fc.boolean() };
    return outputs[input.kind].map((output) => ({ input, output }));
  });
  expect(rarerOfAgreed(casRegister, historiesOf(call))).toBeGreaterThan(RARER_MIN);
});

const isFirstWrite = (
  { input }: Operation<KeyValueInput, KeyValueOutput>,
  index: number,
  operations: readonly Operation<KeyValueInput, KeyValueOutput>[],
): boolean =>
  input.kind === 'get' ||
  operations.findIndex(({ input: other }) => other.kind !== 'get' && other.value === input.value) === index;

test.each([
  { title: 'distinct values that can be taken apart', values: ['a;', 'b;', 'c;', 'd;'], distinct: true },
  { title: 'distinct values that are ambiguous', values: ['a', 'b', 'ab', 'ba', ''], distinct: true },
  { title: 'values that repeat', values: ['a', 'b'], distinct: false },
])(
  'any history of a key with $title gets the verdict that trying every order gives',
  ({ values, distinct }) => {
    const key = fc.constant('k');
    const value = fc.constantFrom(...values);
    // What is read is put together from what is written, or little of it would be possible.
    const output = fc.option(fc.array(value, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')));
    const get = fc.record({ input: fc.record({ kind: fc.constant('get' as const), key }), output });
    const change = fc.record({
      input: fc.record({ kind: fc.constantFrom('put' as const, 'append' as const), key, value }),
      output: fc.constant(null),
    });
    const histories = historiesOf<KeyValueInput, KeyValueOutput>(fc.oneof(get, change));
    const all = distinct ? histories.map((operations) => operations.filter(isFirstWrite)) : histories;
    expect(rarerOfAgreed(keyValueModel, all)).toBeGreaterThan(RARER_MIN);
  },
);

/** What clients of a real register, some of whom give up, did and saw. */
function registerHistory(
  seed: number,
  unknownShare: number,
): readonly Operation<RegisterInput, RegisterOutput>[] {
  const random = new SeededRandom(seed);
  const value = (): number => randomBelow(random, 4);
  let held: RegisterValue = null;
  return executeAtRandom<RegisterInput, RegisterOutput>({
    random,
    clients: 5,
    operations: 80,
    unknownShare,
    nextInput: () => {
      const inputs: readonly RegisterInput[] = [
        { kind: 'read' },
        { kind: 'write', value: value() },
        { kind: 'cas', from: value(), to: value() },
      ];
      return inputs[randomBelow(random, inputs.length)] as RegisterInput;
    },
    apply: (input) => {
      if (input.kind === 'read') return held;
      const applies = input.kind === 'write' || held === input.from;
      if (applies) held = input.kind === 'write' ? input.value : input.to;
      return input.kind === 'write' ? null : applies;
    },
  });
}

test('what a register really did is linearizable, whatever clients gave up', () => {
  const property = fc.property(fc.nat(), fc.constantFrom(0, 0.1, 0.3), (seed, unknownShare) => {
    const verdict = checkLinearizability(casRegister, registerHistory(seed, unknownShare), options);
    expect(describeVerdict(verdict)).toBe('linearizable');
  });
  fc.assert(property, { numRuns: 300 });
});
