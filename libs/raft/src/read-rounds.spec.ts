import fc from 'fast-check';
import { expect, test } from 'vitest';
import { confStateOf } from './membership.ts';
import { NO_ENTRIES, type NodeId } from './message.ts';
import { ReadRounds } from './read-rounds.ts';

const SELF = 1;
const GROUP = confStateOf([1, 2, 3, 4, 5]);

/** Indexes of the reads that an answer of `id` to `round` confirms. */
function confirmed(rounds: ReadRounds, id: NodeId, round: number): number[] {
  return rounds.ack(id, round, SELF, GROUP).map(({ index }) => index);
}

function reading(...indexes: readonly number[]): ReadRounds {
  const rounds = new ReadRounds();
  for (const index of indexes) {
    rounds.begin(0);
    rounds.add(SELF, NO_ENTRIES, index);
    rounds.close();
  }
  return rounds;
}

test('a read is confirmed by a majority that answers its round, or a later one', () => {
  const rounds = reading(10, 11, 12);
  expect(confirmed(rounds, 2, 1)).toEqual([]);
  expect(confirmed(rounds, 3, 2)).toEqual([10]);
  expect(confirmed(rounds, 2, 3)).toEqual([11]);
  expect(confirmed(rounds, 4, 3)).toEqual([12]);
  expect(rounds.pending).toBe(0);
});

test('answers that come late, twice or in another order confirm nothing younger than themselves', () => {
  const answerArb = fc.tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 8 }));
  fc.assert(
    fc.property(fc.array(answerArb, { maxLength: 40 }), (answers) => {
      const rounds = reading(1, 2, 3, 4, 5, 6, 7, 8);
      const best = new Map<NodeId, number>();
      for (const [id, round] of answers) {
        best.set(id, Math.max(round, best.get(id) ?? 0));
        for (const index of confirmed(rounds, id, round)) {
          expect([...best.values()].filter((answered) => answered >= index).length).toBeGreaterThanOrEqual(2);
        }
      }
      // And nothing that a majority has answered is left.
      const second = [...best.values()].toSorted((a, b) => b - a)[1] ?? 0;
      expect(rounds.pending).toBe(8 - second);
    }),
  );
});

test('who has no vote confirms nothing', () => {
  const rounds = reading(10);
  for (const id of [6, 7, 8]) expect(confirmed(rounds, id, 1)).toEqual([]);
});

test('in a joint configuration both majorities must confirm', () => {
  const rounds = reading(10);
  const joint = { voters: [1, 2, 3], votersOutgoing: [1, 4, 5] };
  expect(rounds.ack(2, 1, SELF, joint)).toEqual([]);
  expect(rounds.ack(3, 1, SELF, joint)).toEqual([]);
  expect(rounds.ack(4, 1, SELF, joint)).toHaveLength(1);
});

test('a round takes reads until it leaves', () => {
  const rounds = new ReadRounds();
  expect(rounds.joinable).toBe(false);
  rounds.begin(0);
  expect(rounds.joinable).toBe(true);
  rounds.close();
  expect(rounds.joinable).toBe(false);
});

test('a round is as old as its sending, whenever it is confirmed', () => {
  const rounds = new ReadRounds();
  expect(rounds.confirmedTick).toBe(-Infinity);
  for (const tick of [10, 20, 30]) rounds.begin(tick);
  rounds.ack(2, 2, SELF, GROUP);
  rounds.ack(3, 3, SELF, GROUP);
  expect(rounds.confirmedTick).toBe(20);
});

test('rounds that nobody confirms do not gather for ever', () => {
  const rounds = new ReadRounds();
  for (let tick = 0; tick < 5_000; tick++) rounds.begin(tick);
  for (const id of [2, 3]) rounds.ack(id, 5_000, SELF, GROUP);
  expect(rounds.confirmedTick).toBe(4_999);
});

test('after a reset old answers are worth nothing, for the numbers go on', () => {
  const rounds = reading(10, 11);
  rounds.reset();
  expect([rounds.pending, rounds.open, rounds.joinable]).toEqual([0, 0, false]);
  expect(rounds.begin(0)).toBe(3);
  rounds.add(SELF, NO_ENTRIES, 12);
  for (const id of [2, 3, 4, 5]) expect(confirmed(rounds, id, 2)).toEqual([]);
  expect([...confirmed(rounds, 2, 3), ...confirmed(rounds, 3, 3)]).toEqual([12]);
});
