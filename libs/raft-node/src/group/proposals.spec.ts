import type { Fault } from '@ringwatch/kernel';
import type { Entry } from '@ringwatch/raft';
import { beforeEach, expect, test } from 'vitest';
import { Proposals, type Proposal } from './proposals.ts';

const data = Buffer.from('x');
let outcomes: string[];

beforeEach(() => {
  outcomes = [];
});

function proposal(name: string): Proposal {
  return {
    data,
    resolve: ({ index, term }) => outcomes.push(`${name} at ${term}/${index}`),
    reject: (fault: Fault) => outcomes.push(`${name} ${fault.code}`),
  };
}

function entries(from: number, ...terms: readonly number[]): Entry[] {
  return terms.map((term, i) => ({ term, index: from + i, type: 'EntryNormal', data }));
}

test('a proposal resolves when its entry is applied, not before', () => {
  const proposals = new Proposals();
  proposals.add([proposal('a'), proposal('b')], 5, 2, 100);
  proposals.applied(entries(4, 1, 2));
  expect(outcomes).toEqual(['a at 2/5']);
  proposals.applied(entries(6, 2));
  expect(outcomes).toEqual(['a at 2/5', 'b at 2/6']);
  expect(proposals.count).toBe(0);
});

test('a proposal is aborted when the entry of another term is applied in its place', () => {
  const proposals = new Proposals();
  proposals.add([proposal('a')], 5, 2, 100);
  proposals.applied(entries(5, 3));
  expect(outcomes).toEqual(['a aborted']);
});

test('what an earlier term has left behind further on does not hold back, or abort, later proposals', () => {
  const proposals = new Proposals();
  proposals.add([proposal('old')], 9, 2, 100);
  proposals.add([proposal('new')], 5, 4, 100);
  proposals.applied(entries(5, 4));
  expect(outcomes).toEqual(['new at 4/5']);
  proposals.applied(entries(6, 4, 4, 4, 2));
  expect(outcomes).toEqual(['new at 4/5', 'old at 2/9']);
});

test('of two proposals for one index the one whose term is applied resolves', () => {
  const proposals = new Proposals();
  proposals.add([proposal('old')], 5, 2, 100);
  proposals.add([proposal('new')], 5, 4, 100);
  proposals.applied(entries(5, 4));
  expect(outcomes).toEqual(['old aborted', 'new at 4/5']);
});

test.each([
  { title: 'its time is over', end: (proposals: Proposals) => proposals.expire(100) },
  { title: 'a snapshot took its place', end: (proposals: Proposals) => proposals.restored(5) },
])('the outcome of a proposal is unknown when $title', ({ end }) => {
  const proposals = new Proposals();
  proposals.add([proposal('a')], 5, 2, 100);
  proposals.add([proposal('b')], 6, 2, 101);
  end(proposals);
  expect(outcomes).toEqual(['a deadline_exceeded']);
  expect(proposals.count).toBe(1);
});
