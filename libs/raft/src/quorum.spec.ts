import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NodeId } from './message.ts';
import { committedIndex, majorityIndex, majorityVote, voteResult, type Electorate } from './quorum.ts';

const idsArb = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 21 });
const electorateArb = fc.record({ voters: idsArb, votersOutgoing: idsArb });
const ackedArb = fc
  .array(fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }), { minLength: 31, maxLength: 31 })
  .map((indexes) => ({ ackedIndex: (id: NodeId): number | undefined => indexes[id] }));
const votesArb = fc
  .array(fc.constantFrom(true, false, undefined), { minLength: 31, maxLength: 31 })
  .map(
    (votes) =>
      new Map([...votes.entries()].filter((pair): pair is [number, boolean] => pair[1] !== undefined)),
  );

/** The definition: the highest index that more than half of the voters have. */
function byCounting(voters: readonly NodeId[], indexOf: (id: NodeId) => number): number {
  if (voters.length === 0) return Infinity;
  const has = (index: number): number => voters.filter((id) => indexOf(id) >= index).length;
  return Math.max(...voters.map(indexOf).filter((index) => has(index) * 2 > voters.length));
}

/** The definition: try all ways in which the missing votes may still come. */
function byTrying({ voters, votersOutgoing }: Electorate, votes: ReadonlyMap<NodeId, boolean>): string {
  const wins = (missing: boolean): boolean =>
    [voters, votersOutgoing].every((half) => {
      const granted = half.filter((id) => votes.get(id) ?? missing).length;
      return half.length === 0 || granted * 2 > half.length;
    });
  return wins(false) ? 'VoteWon' : wins(true) ? 'VotePending' : 'VoteLost';
}

test('the index of a majority is the one that counting gives', () => {
  fc.assert(
    fc.property(idsArb, ackedArb, (voters, acked) => {
      expect(majorityIndex(voters, acked)).toBe(byCounting(voters, (id) => acked.ackedIndex(id) ?? 0));
    }),
  );
});

test('two majorities commit what both have; the order of the halves, and of the ids, does not matter', () => {
  fc.assert(
    fc.property(electorateArb, ackedArb, ({ voters, votersOutgoing }, acked) => {
      const index = committedIndex({ voters, votersOutgoing }, acked);
      expect(index).toBe(Math.min(majorityIndex(voters, acked), majorityIndex(votersOutgoing, acked)));
      expect(committedIndex({ voters: votersOutgoing, votersOutgoing: voters }, acked)).toBe(index);
      expect(committedIndex({ voters: voters.toReversed(), votersOutgoing }, acked)).toBe(index);
    }),
  );
});

test('an index only rises when anybody has more', () => {
  fc.assert(
    fc.property(idsArb, ackedArb, fc.nat({ max: 30 }), (voters, acked, lucky) => {
      const more = { ackedIndex: (id: NodeId) => (acked.ackedIndex(id) ?? 0) + (id === lucky ? 3 : 0) };
      expect(majorityIndex(voters, more)).toBeGreaterThanOrEqual(majorityIndex(voters, acked));
    }),
  );
});

test('a vote is won, lost or open as trying all missing votes tells', () => {
  fc.assert(
    fc.property(electorateArb, votesArb, (electorate, votes) => {
      const { voters, votersOutgoing } = electorate;
      expect(voteResult(electorate, votes)).toBe(byTrying(electorate, votes));
      expect(voteResult({ voters: votersOutgoing, votersOutgoing: voters }, votes)).toBe(
        voteResult(electorate, votes),
      );
      expect(voteResult({ voters, votersOutgoing: [] }, votes)).toBe(majorityVote(voters, votes));
    }),
  );
});
