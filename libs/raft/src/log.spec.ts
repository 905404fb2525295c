import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodedBytes, ENTRY_OVERHEAD_BYTES } from './entry-size.ts';
import { RaftLog } from './log.ts';
import { confStateOf } from './membership.ts';
import { MemoryStorage } from './memory-storage.ts';
import type { Entry } from './message.ts';

const DATA_BYTES = 6;
const ENTRY_BYTES = DATA_BYTES + ENTRY_OVERHEAD_BYTES;
const entry = (term: number, index: number): Entry => {
  return { term, index, type: 'EntryNormal', data: new Uint8Array(DATA_BYTES) };
};
/** Entries of the given terms, the first at index 2: every log here begins after the start of a group. */
const entries = (...terms: readonly number[]): Entry[] => terms.map((term, i) => entry(term, 2 + i));

/** A log of `stable` entries in storage and `unstable` ones after them, all of term 1. */
function logOf(stable: number, unstable: number): { log: RaftLog; storage: MemoryStorage } {
  const storage = MemoryStorage.of(confStateOf([1]));
  const all = entries(...new Array<number>(stable + unstable).fill(1));
  storage.append(all.slice(0, stable));
  const log = new RaftLog(storage, Infinity);
  log.append(all.slice(stable));
  return { log, storage };
}
const terms = (log: RaftLog): (number | undefined)[] =>
  Array.from({ length: log.lastIndex - log.firstIndex + 1 }, (_, i) => log.term(log.firstIndex + i));

describe('slice', () => {
  test('cuts to its bytes across storage and what is unstable, but gives at least one entry', () => {
    fc.assert(
      fc.property(
        fc.nat(6),
        fc.nat(6),
        fc.nat(12),
        fc.nat(12),
        fc.nat(14),
        (stable, unstable, a, b, count) => {
          const { log } = logOf(stable, unstable);
          const from = Math.min(2 + a, log.lastIndex + 1);
          const to = Math.min(from + b, log.lastIndex + 1);
          const slice = log.slice(from, to, count * ENTRY_BYTES + 1);
          expect(slice?.map(({ index }) => index)).toEqual(
            Array.from({ length: Math.min(to - from, Math.max(count, 1)) }, (_, i) => from + i),
          );
        },
      ),
    );
  });

  test('gives nothing where the log was compacted', () => {
    const { log, storage } = logOf(4, 2);
    storage.compact(3);
    expect(log.slice(3, 6, Infinity)).toBeUndefined();
    expect(log.slice(4, 8, Infinity)?.map(({ index }) => index)).toEqual([4, 5, 6, 7]);
    expect([log.term(2), log.term(3), log.term(8)]).toEqual([undefined, 1, undefined]);
  });
});

describe('appendAfter', () => {
  test.each([
    { title: 'what is new', prev: [3, 2], sent: [2, 2], agreed: 5, after: [1, 2, 2, 2] },
    { title: 'what is there already', prev: [1, 1], sent: [1], agreed: 2, after: [1, 2] },
    { title: 'nothing at all', prev: [2, 1], sent: [], agreed: 2, after: [1, 2] },
    { title: 'something else', prev: [2, 1], sent: [3], agreed: 3, after: [1, 3] },
    { title: 'the same and more', prev: [1, 1], sent: [1, 2, 3], agreed: 4, after: [1, 2, 3] },
    { title: 'what does not follow on the log', prev: [3, 1], sent: [1], agreed: undefined, after: [1, 2] },
    { title: 'what lies beyond the log', prev: [4, 2], sent: [2], agreed: undefined, after: [1, 2] },
  ])('of $title leaves the terms $after', ({ prev, sent, agreed, after }) => {
    const { log } = logOf(0, 0);
    log.append(entries(1, 2));
    const [index, term] = prev as [number, number];
    const following = sent.map((sentTerm, i) => entry(sentTerm, index + 1 + i));
    expect(log.appendAfter(index, term, following, 0)).toBe(agreed);
    expect(terms(log)).toEqual(after);
  });

  test('never cuts off what agrees: an old message leaves what came after it', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.nat(5), fc.nat(12), fc.nat(12), (stable, unstable, from, count) => {
        const { log } = logOf(stable, unstable);
        const before = terms(log);
        const index = Math.min(1 + from, log.lastIndex);
        const again = log.slice(index + 1, Math.min(index + 1 + count, log.lastIndex + 1), Infinity) ?? [];
        expect(log.appendAfter(index, 1, again, 0)).toBe(index + again.length);
        expect(terms(log)).toEqual(before);
      }),
    );
  });

  test('commits no further than the message has shown to agree', () => {
    const { log } = logOf(2, 3);
    log.appendAfter(2, 1, [entry(1, 3)], 6);
    expect(log.committed).toBe(3);
  });

  test('replaces nothing that is committed: that would be our bug', () => {
    const { log } = logOf(2, 0);
    log.commitTo(3);
    expect(() => log.appendAfter(2, 1, [entry(2, 3)], 0)).toThrow(/committed/);
  });
});

test.each([
  { ours: [1, 1, 2, 2, 5], index: 6, term: 5, guess: { index: 6, term: 5 } },
  { ours: [1, 1, 2, 2, 5], index: 6, term: 4, guess: { index: 5, term: 2 } },
  { ours: [1, 1, 2, 2, 5], index: 6, term: 1, guess: { index: 3, term: 1 } },
  { ours: [3, 3], index: 3, term: 2, guess: { index: 1, term: 1 } },
  { ours: [3, 3], index: 3, term: 0, guess: { index: 0, term: 0 } },
])(
  'a log of terms $ours may agree with term $term at $index as far as $guess',
  ({ ours, index, term, guess }) => {
    const { log } = logOf(0, 0);
    log.append(entries(...ours));
    expect(log.agreementGuess(index, term)).toEqual(guess);
  },
);

test('the guess is never before the true agreement of two logs', () => {
  const logArb = fc
    .array(fc.integer({ min: 1, max: 4 }), { maxLength: 10 })
    .map((drawn) => entries(...drawn.toSorted((a, b) => a - b)));
  fc.assert(
    fc.property(logArb, logArb, (ours, theirs) => {
      const { log } = logOf(0, 0);
      log.append(ours);
      const last = theirs.at(-1);
      const termOf = (index: number): number | undefined => (index === 1 ? 1 : theirs[index - 2]?.term);
      let agreement = 1;
      while (log.term(agreement + 1) !== undefined && log.term(agreement + 1) === termOf(agreement + 1))
        agreement++;
      const index = Math.min(last?.index ?? 1, log.lastIndex);
      expect(log.agreementGuess(index, termOf(index) ?? 0).index).toBeGreaterThanOrEqual(agreement);
    }),
  );
});

describe('what is committed', () => {
  test('never goes back, and lies within the log', () => {
    const { log } = logOf(2, 2);
    log.commitTo(4);
    log.commitTo(3);
    expect(log.committed).toBe(4);
    expect(() => log.commitTo(6)).toThrow(/\[data_loss\]/);
  });

  test('by counting is of the own term only', () => {
    const { log } = logOf(0, 0);
    log.append(entries(1, 2));
    expect(log.maybeCommit(2, 2)).toBe(false);
    expect(log.maybeCommit(3, 2)).toBe(true);
    expect(log.committed).toBe(3);
  });

  test('is handed out once, in order, within the bytes that may be on their way', () => {
    const storage = MemoryStorage.of(confStateOf([1]));
    const log = new RaftLog(storage, 2 * ENTRY_BYTES);
    log.append(entries(1, 1, 1, 1, 1));
    log.commitTo(6);
    const handed: number[][] = [];
    while (log.applied < 6) {
      const next = log.nextCommitted(true);
      const last = next.at(-1)?.index ?? 0;
      handed.push(next.map(({ index }) => index));
      log.acceptApplying(last, encodedBytes(next), true);
      expect(log.hasNextCommitted(true)).toBe(false);
      log.appliedTo(last, encodedBytes(next));
    }
    expect(handed).toEqual([[2, 3], [4, 5], [6]]);
  });

  test('is not handed out before it is stable, if that is asked for', () => {
    const { log, storage } = logOf(2, 2);
    log.commitTo(5);
    expect(log.nextCommitted(true).map(({ index }) => index)).toEqual([2, 3, 4, 5]);
    expect(log.nextCommitted(false).map(({ index }) => index)).toEqual([2, 3]);
    storage.append([entry(1, 4)]);
    log.unstable.stableTo(4, 1);
    expect(log.nextCommitted(false).map(({ index }) => index)).toEqual([2, 3, 4]);
  });
});

test.each([
  { index: 9, term: 1, upToDate: false },
  { index: 3, term: 2, upToDate: false },
  { index: 4, term: 2, upToDate: true },
  { index: 1, term: 3, upToDate: true },
])(
  'a log that ends at $term/$index may lead one that ends at 2/4: $upToDate',
  ({ index, term, upToDate }) => {
    const { log } = logOf(0, 0);
    log.append(entries(1, 1, 2));
    expect(log.isUpToDate(index, term)).toBe(upToDate);
  },
);

test('reads the same as a plain list, whatever is replaced, and in whatever rhythm writes end', () => {
  const stepArb = fc.tuple(fc.constantFrom('append', 'replace', 'write', 'done', 'compact'), fc.nat(6));
  fc.assert(
    fc.property(fc.array(stepArb, { maxLength: 60 }), (steps) => {
      const { log, storage } = logOf(0, 0);
      const plain: number[] = [1];
      const writes: { entries: readonly Entry[]; last: Entry }[] = [];
      let term = 1;
      for (const [step, size] of steps) {
        const at = step === 'replace' ? Math.max(log.firstIndex, plain.length + 1 - size) : plain.length + 1;
        if (step === 'replace') term++;
        if (step === 'append' || step === 'replace') {
          const news = Array.from({ length: size % 3 }, (_, i) => entry(term, at + i));
          log.append(news);
          if (news.length > 0) plain.splice(at - 1, Infinity, ...news.map((one) => one.term));
        }
        if (step === 'write' && log.unstable.hasNextEntries) {
          writes.push({ entries: log.unstable.nextEntries(), last: entry(log.lastTerm, log.lastIndex) });
          log.unstable.acceptInProgress();
        }
        if (step === 'done') {
          const write = writes.shift();
          if (write !== undefined) storage.append(write.entries);
          // As in step.ts: news of an older term may be of something that was replaced since.
          if (write?.last.term === term) log.unstable.stableTo(write.last.index, term);
        }
        if (step === 'compact') storage.compact(Math.min(log.unstable.offset - 1, log.firstIndex - 1 + size));
        expect(terms(log)).toEqual(plain.slice(log.firstIndex - 1));
      }
    }),
  );
});
