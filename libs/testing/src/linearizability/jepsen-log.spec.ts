import { expect, test } from 'vitest';
import { parseJepsenLog } from './jepsen-log.ts';

const line = (...fields: string[]): string => `INFO  jepsen.util - ${fields.join('\t')}`;

test('answers, refusals and unknown outcomes are told apart', () => {
  const log = [
    line('0', ':invoke', ':write', '3'),
    line('1', ':invoke', ':read', 'nil'),
    line('1', ':ok', ':read', 'nil'),
    line('0', ':ok', ':write', '3'),
    line('1', ':invoke', ':cas', '[3 4]'),
    line('1', ':ok', ':cas', '[3 4]'),
    line('1', ':invoke', ':cas', '[3 5]'),
    line('1', ':fail', ':cas', '[3 5]'),
    line('2', ':invoke', ':read', 'nil'),
    line('2', ':fail', ':read', ':timed-out'),
    line('3', ':invoke', ':cas', '[0 1]'),
    line('3', ':info', ':cas', ':timed-out'),
    line('4', ':invoke', ':write', '0'),
    '',
  ].join('\n');
  expect(parseJepsenLog(log)).toEqual([
    { client: 0, input: { kind: 'write', value: 3 }, callAt: 0, answer: { output: null, returnAt: 3 } },
    { client: 1, input: { kind: 'read' }, callAt: 1, answer: { output: null, returnAt: 2 } },
    { client: 1, input: { kind: 'cas', from: 3, to: 4 }, callAt: 4, answer: { output: true, returnAt: 5 } },
    { client: 1, input: { kind: 'cas', from: 3, to: 5 }, callAt: 6, answer: { output: false, returnAt: 7 } },
    { client: 3, input: { kind: 'cas', from: 0, to: 1 }, callAt: 10 },
    { client: 4, input: { kind: 'write', value: 0 }, callAt: 11 },
  ]);
});

test('columns may be padded, and lines about something else are passed over', () => {
  const log = [
    'INFO  jepsen.core - Worker 0 starting',
    'INFO  jepsen.util - :nemesis\t:info\t:start\tnil',
    'INFO  jepsen.util - 12  :invoke :read   nil',
    'INFO  jepsen.util - 12  :ok     :read   4\r',
  ].join('\n');
  expect(parseJepsenLog(log)).toEqual([
    { client: 12, input: { kind: 'read' }, callAt: 0, answer: { output: 4, returnAt: 1 } },
  ]);
});

test.each([
  { title: 'an operation of another kind', lines: [line('0', ':invoke', ':delete', 'nil')] },
  { title: 'a value that is none', lines: [line('0', ':invoke', ':write', 'nil')] },
  { title: 'a line that ends early', lines: [line('0', ':invoke')] },
  { title: 'a completion of nothing', lines: [line('0', ':ok', ':read', '1')] },
  {
    title: 'a completion of something else',
    lines: [line('0', ':invoke', ':read', 'nil'), line('0', ':ok', ':write', '1')],
  },
  {
    title: 'an answer with another value',
    lines: [line('0', ':invoke', ':write', '1'), line('0', ':ok', ':write', '2')],
  },
  {
    title: 'a completion of another type',
    lines: [line('0', ':invoke', ':read', 'nil'), line('0', ':done', ':read', '1')],
  },
  {
    title: 'two operations of a process at a time',
    lines: [line('0', ':invoke', ':read', 'nil'), line('0', ':invoke', ':read', 'nil')],
  },
])('$title is a fault that names the line', ({ lines }) => {
  expect(() => parseJepsenLog(lines.join('\n'))).toThrow(`[invalid_argument] line ${lines.length}: `);
});
