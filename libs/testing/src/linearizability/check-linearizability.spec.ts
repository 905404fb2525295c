import { FakeClock } from '@ringwatch/kernel/fake';
import { systemClock } from '@ringwatch/kernel/system';
import { expect, test } from 'vitest';
import { casRegister, type RegisterInput, type RegisterOutput, type RegisterValue } from './cas-register.ts';
import { checkLinearizability, describeVerdict } from './check-linearizability.ts';
import type { Operation } from './history.ts';
import { keyValueModel, type KeyValueInput, type KeyValueOutput } from './key-value-model.ts';

// Time stands still, so no search runs out of it.
const options = { clock: new FakeClock(), budgetMs: 1 };
/** For searches that would take very long if something was wrong with them. */
const patient = { clock: systemClock, budgetMs: 10_000 };

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

function operation<Input, Output>(
  input: Input,
  output: Output,
  [callAt, returnAt]: readonly [number, number],
): Operation<Input, Output> {
  return { client: callAt, input, callAt, answer: { output, returnAt } };
}

type Times = readonly [callAt: number, returnAt: number];
const read = (value: RegisterValue, ...times: Times): RegisterOperation =>
  operation<RegisterInput, RegisterOutput>({ kind: 'read' }, value, times);
const write = (value: number, ...times: Times): RegisterOperation =>
  operation<RegisterInput, RegisterOutput>({ kind: 'write', value }, null, times);
const cas = (from: number, to: number, applied: boolean, ...times: Times): RegisterOperation =>
  operation<RegisterInput, RegisterOutput>({ kind: 'cas', from, to }, applied, times);
const unknown = ({ client, input, callAt }: RegisterOperation): RegisterOperation => ({
  client,
  input,
  callAt,
});

test.each<{ title: string; history: RegisterOperation[] }>([
  { title: 'nothing', history: [] },
  { title: 'a read before any write', history: [read(null, 0, 1)] },
  {
    title: 'a read of the old value during a write',
    history: [write(1, 0, 1), write(2, 2, 5), read(1, 3, 4)],
  },
  {
    title: 'a read of the new value during a write',
    history: [write(1, 0, 1), write(2, 2, 5), read(2, 3, 4)],
  },
  { title: 'operations that touch, in either order', history: [write(1, 0, 5), read(null, 5, 6)] },
  {
    title: 'of two compare-and-sets in a race the one that lost',
    history: [write(0, 0, 1), cas(0, 1, true, 2, 5), cas(0, 2, false, 2, 5), read(1, 6, 7)],
  },
  {
    title: 'an unknown write that was not done',
    history: [write(1, 0, 1), unknown(write(2, 2, 3)), read(1, 4, 5)],
  },
  {
    title: 'an unknown write that was done',
    history: [write(1, 0, 1), unknown(write(2, 2, 3)), read(2, 4, 5)],
  },
  {
    title: 'an unknown write that was done late',
    history: [write(1, 0, 1), unknown(write(2, 2, 3)), read(1, 4, 5), write(3, 6, 7), read(2, 8, 9)],
  },
  {
    title: 'an unknown compare-and-set that another one followed',
    history: [write(0, 0, 1), unknown(cas(0, 1, true, 2, 3)), unknown(cas(1, 2, true, 2, 3)), read(2, 4, 5)],
  },
  {
    title: 'two unknown writes of the same, each read',
    history: [
      unknown(write(2, 0, 1)),
      unknown(write(2, 0, 1)),
      read(2, 2, 3),
      write(3, 4, 5),
      read(3, 6, 7),
      read(2, 8, 9),
    ],
  },
])('a register may answer so: $title', ({ history }) => {
  expect(describeVerdict(checkLinearizability(casRegister, history, options))).toBe('linearizable');
});

test.each<{ title: string; history: RegisterOperation[] }>([
  { title: 'a stale read', history: [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)] },
  { title: 'a lost write', history: [write(1, 0, 1), read(null, 2, 3)] },
  { title: 'a value that nobody wrote', history: [write(1, 0, 1), read(7, 0, 9)] },
  {
    title: 'reads during a write that go back',
    history: [write(1, 0, 1), write(2, 2, 9), read(2, 3, 4), read(1, 5, 6)],
  },
  {
    title: 'two compare-and-sets in a race that both won',
    history: [write(0, 0, 1), cas(0, 1, true, 2, 5), cas(0, 2, true, 2, 5)],
  },
  { title: 'a compare-and-set that failed on its value', history: [write(1, 0, 1), cas(1, 2, false, 2, 3)] },
  { title: 'a read of an unknown write before its call', history: [read(2, 0, 1), unknown(write(2, 2, 3))] },
  {
    title: 'an unknown write that was done and undone',
    history: [write(1, 0, 1), unknown(write(2, 2, 3)), read(2, 4, 5), read(1, 6, 7)],
  },
  {
    title: 'an unknown write that was done twice',
    history: [unknown(write(2, 0, 1)), read(2, 2, 3), write(3, 4, 5), read(3, 6, 7), read(2, 8, 9)],
  },
])('a register cannot answer so: $title', ({ history }) => {
  expect(checkLinearizability(casRegister, history, options).verdict).toBe('not-linearizable');
});

const get = (key: string, value: string | null, ...times: Times) =>
  operation<KeyValueInput, KeyValueOutput>({ kind: 'get', key }, value, times);
const put = (key: string, value: string, ...times: Times) =>
  operation<KeyValueInput, KeyValueOutput>({ kind: 'put', key, value }, null, times);
const append = (key: string, value: string, ...times: Times) =>
  operation<KeyValueInput, KeyValueOutput>({ kind: 'append', key, value }, null, times);

test('keys do not affect each other, and the message names the one that has no order', () => {
  const good = [put('a', '1', 0, 1), put('b', '2', 2, 3), get('a', '1', 4, 5), get('b', '2', 6, 7)];
  expect(checkLinearizability(keyValueModel, good, options).verdict).toBe('linearizable');
  const verdict = checkLinearizability(keyValueModel, [...good, get('b', '1', 8, 9)], options);
  expect(verdict).toMatchObject({ verdict: 'not-linearizable', part: 'b' });
});

test('appends that overlap may come in any order, but all gets see the same', () => {
  const appends = [append('a', 'x;', 0, 9), append('a', 'y;', 0, 9)];
  const verdictOf = (...values: string[]) =>
    checkLinearizability(
      keyValueModel,
      [...appends, ...values.map((value, i) => get('a', value, 10 + 2 * i, 11 + 2 * i))],
      options,
    ).verdict;
  expect(verdictOf('x;y;', 'x;y;')).toBe('linearizable');
  expect(verdictOf('y;x;')).toBe('linearizable');
  expect(verdictOf('x;y;', 'y;x;')).toBe('not-linearizable');
  expect(verdictOf('x;')).toBe('not-linearizable');
});

test.each([
  [
    'the put of it',
    [put('a', 'xy', 0, 1), get('a', 'xy', 2, 3), put('a', 'x', 4, 5), append('a', 'y', 6, 7)],
  ],
  ['an append', [put('a', 'x', 0, 1), append('a', 'y', 2, 3), get('a', 'xy', 4, 5), put('a', 'xy', 6, 7)]],
  [
    'a long append',
    [append('a', 'xy', 0, 1), append('a', 'z', 2, 3), get('a', 'xyz', 4, 5), append('a', 'x', 6, 7)],
  ],
  [
    'short appends',
    [
      append('a', 'x', 0, 1),
      append('a', 'y', 2, 3),
      append('a', 'z', 4, 5),
      get('a', 'xyz', 6, 7),
      append('a', 'xy', 8, 9),
    ],
  ],
])('a value that could be made in two ways may come from %s', (_title, history) => {
  for (const operations of [history, history.toReversed()]) {
    expect(describeVerdict(checkLinearizability(keyValueModel, operations, options))).toBe('linearizable');
  }
});

test('the message shows the longest order and what could not follow it', () => {
  const early = [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7), unknown(write(3, 8, 9))];
  const history = [...early, read(2, 10, 11), read(2, 12, 13), read(1, 14, 15)];
  expect(describeVerdict(checkLinearizability(casRegister, history, options))).toBe(
    [
      'not linearizable: the longest order found is',
      '  … 1 before',
      '  client 2 {"kind":"read"} from 2 to 3: 1',
      '  client 4 {"kind":"write","value":2} from 4 to 5: null',
      '  client 6 {"kind":"read"} from 6 to 7: 2',
      '  client 10 {"kind":"read"} from 10 to 11: 2',
      '  client 12 {"kind":"read"} from 12 to 13: 2',
      'which leaves 2; then none of these can be next:',
      '  client 14 {"kind":"read"} from 14 to 15: 1',
    ].join('\n'),
  );
});

test('what overlaps costs its subsets, not its orders', () => {
  const writes = Array.from({ length: 11 }, (_, value) => write(value, value, 100));
  const verdict = checkLinearizability(casRegister, [...writes, read(99, 101, 102)], patient);
  expect(verdict.verdict).toBe('not-linearizable');
});

test('any number of unknown writes may be under way', () => {
  const writes = Array.from({ length: 200 }, (_, value) => unknown(write(value, value, 0)));
  const reads = Array.from({ length: 20 }, (_, i) => read(10 * i, 200 + 2 * i, 201 + 2 * i));
  expect(checkLinearizability(casRegister, [...writes, ...reads], patient).verdict).toBe('linearizable');
  const again = checkLinearizability(casRegister, [...writes, ...reads, read(0, 300, 301)], patient);
  expect(again.verdict).toBe('not-linearizable');
});

test('without time left the verdict is unknown', () => {
  const verdict = checkLinearizability(casRegister, [write(1, 0, 1)], { ...options, budgetMs: 0 });
  expect(verdict).toEqual({ verdict: 'unknown', limit: 'time' });
  expect(describeVerdict(verdict)).toMatch(/^unknown: .* when time ran out$/);
});
