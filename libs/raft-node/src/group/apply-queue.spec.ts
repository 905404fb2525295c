import type { Entry } from '@ringwatch/raft';
import { expect, test } from 'vitest';
import { ApplyQueue } from './apply-queue.ts';
import { snapshotOf } from './snapshot-source.ts';

function entry(index: number, data = 'x'): Entry {
  return { term: 1, index, type: 'EntryNormal', data: Buffer.from(data) };
}

test('work is done one piece at a time and in order, however late the answers come', () => {
  const done: string[] = [];
  const answers: (() => void)[] = [];
  const queue = new ApplyQueue({
    apply: (entries, finish) => {
      done.push(`apply ${entries.map(({ index }) => index).join(' ')}`);
      answers.push(finish);
    },
    snapshot: (finish) => {
      done.push('snapshot');
      finish(snapshotOf(Buffer.alloc(0)));
    },
    restore: (index, _source, finish) => {
      done.push(`restore ${index}`);
      finish();
    },
  });
  queue.apply([entry(1)], () => done.push('1 is applied'));
  queue.snapshot(() => done.push('snapshot taken'));
  queue.apply([entry(2), entry(3)], () => done.push('3 is applied'));
  queue.restore(
    9,
    () => snapshotOf(Buffer.alloc(0)),
    () => done.push('restored'),
  );
  expect(done).toEqual(['apply 1']);
  answers.shift()?.();
  expect(done).toEqual(['apply 1', '1 is applied', 'snapshot', 'snapshot taken', 'apply 2 3']);
  answers.shift()?.();
  expect(done.slice(5)).toEqual(['3 is applied', 'restore 9', 'restored']);
  expect(queue.idle).toBe(true);
});

test('membership changes and empty entries are not shown to the state machine, but count as applied', () => {
  const seen: number[] = [];
  const queue = new ApplyQueue({
    apply: (entries, finish) => {
      seen.push(...entries.map(({ index }) => index));
      finish();
    },
    snapshot: () => undefined,
    restore: () => undefined,
  });
  let applied = false;
  const change: Entry = { ...entry(2), type: 'EntryConfChangeV2' };
  queue.apply([entry(1, ''), change, entry(3)], () => (applied = true));
  expect(seen).toEqual([3]);
  expect(applied).toBe(true);
});

test('thousands of pieces that are answered at once do not exhaust the stack', () => {
  const queue = new ApplyQueue({
    apply: (_entries, finish) => finish(),
    snapshot: () => undefined,
    restore: () => undefined,
  });
  let applied = 0;
  queue.apply([entry(0)], () => {
    for (let index = 1; index <= 20_000; index++) queue.apply([entry(index)], () => applied++);
  });
  expect(applied).toBe(20_000);
});
