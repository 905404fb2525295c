import { expect, test } from 'vitest';
import { History } from './history.ts';

test('operations keep the order of calls and returns; refused ones are forgotten, others unknown', () => {
  const history = new History<string, number>();
  const first = history.call('a', 'one');
  history.call('b', 'two');
  const third = history.call('c', 'three');
  third.refused();
  first.answered(1);
  expect(history.operations).toEqual([
    { client: 'a', input: 'one', callAt: 0, answer: { output: 1, returnAt: 4 } },
    { client: 'b', input: 'two', callAt: 1 },
  ]);
});

test('an operation ends once', () => {
  const pending = new History<string, number>().call('a', 'one');
  pending.answered(1);
  expect(() => pending.answered(2)).toThrow('ended twice');
  expect(() => pending.refused()).toThrow('ended twice');
});
