import { Fault } from '@ringwatch/kernel';
import { FakeClock, SeededRandom, settle } from '@ringwatch/kernel/fake';
import { beforeEach, describe, expect, test } from 'vitest';
import { watchPrefix, type KvEntry, type KvListing, type KvListOptions, type KvStore } from './index.ts';

/** A store whose `list` answers what the test says, when it says so. */
class ScriptedStore implements Pick<KvStore, 'list'> {
  readonly asked: (number | undefined)[] = [];
  #answer: (listing: KvListing | Fault) => void = () => undefined;

  list(_prefix: string, { index }: KvListOptions = {}): Promise<KvListing> {
    this.asked.push(index);
    return new Promise((resolve, reject) => {
      this.#answer = (answer) => (answer instanceof Fault ? reject(answer) : resolve(answer));
    });
  }

  async answer(answer: KvListing | Fault): Promise<void> {
    this.#answer(answer);
    await settle();
  }
}

const listing = (index: number, values: Record<string, string> = {}): KvListing => ({
  index,
  entries: Object.entries(values).map(([key, value]): KvEntry => {
    return { key, value: Buffer.from(value), flags: 0, createIndex: 1, modifyIndex: index, lockIndex: 0 };
  }),
});
const down = new Fault('unavailable', 'down');

describe('watch', () => {
  let clock: FakeClock;
  let store: ScriptedStore;
  let abort: AbortController;
  let seen: number[];
  let faults: string[];
  let watching: Promise<void>;
  let failing: boolean;

  beforeEach(async () => {
    [clock, store, abort, seen, faults, failing] = [
      new FakeClock(),
      new ScriptedStore(),
      new AbortController(),
      [],
      [],
      false,
    ];
    const listener = {
      onListing: ({ index }: KvListing): void => {
        if (failing) throw new Error('listener failed');
        seen.push(index);
      },
      onFault: ({ reason }: Fault): void => void faults.push(reason),
    };
    const options = { signal: abort.signal, waitMs: 10_000, clock, random: new SeededRandom(1) };
    watching = watchPrefix(store as unknown as KvStore, 'p/', listener, options);
    await settle();
  });

  test('delivers the first listing although it is empty, then waits beyond its index', async () => {
    await store.answer(listing(7));
    expect(seen).toEqual([7]);
    expect(store.asked).toEqual([undefined, 7]);
  });

  test('does not deliver an equal listing again, and pauses before it asks again', async () => {
    await store.answer(listing(7, { a: '1' }));
    await store.answer({ ...listing(7, { a: '1' }), index: 9 });
    expect(seen).toEqual([7]);
    expect(store.asked).toHaveLength(2);
    await clock.advance(50);
    expect(store.asked).toEqual([undefined, 7, 9]);
  });

  test('asks without an index after a failure, because the store may have lost its state', async () => {
    await store.answer(listing(46, { a: '1' }));
    await store.answer(down);
    await clock.advance(2_000);
    await store.answer(listing(12, { a: '2' }));
    expect(seen).toEqual([46, 12]);
    expect(store.asked).toEqual([undefined, 46, undefined, 12]);
    expect(faults).toEqual(['unavailable']);
  });

  test('delivers another value under the same index', async () => {
    await store.answer(listing(12, { a: '1' }));
    await store.answer(listing(12, { a: '2' }));
    expect(seen).toEqual([12, 12]);
  });

  test('starts over when the index goes back, and never waits for an index of the lost state', async () => {
    await store.answer(listing(46, { a: '1' }));
    await store.answer(listing(12, { a: '1' }));
    expect(store.asked).toEqual([undefined, 46, undefined]);
  });

  test('an index of 0 never becomes a query that does not wait', async () => {
    await store.answer(listing(0));
    expect(store.asked).toEqual([undefined, 1]);
  });

  test('gives a silent query up after 1.5 times its wait', async () => {
    await store.answer(listing(7));
    await clock.advance(14_999);
    expect(faults).toEqual([]);
    await clock.advance(1);
    expect(faults).toEqual(['watch_silent']);
    await clock.advance(2_000);
    expect(store.asked.at(-1)).toBeUndefined();
  });

  test('retries forever, at most 2 s apart', async () => {
    for (let attempt = 0; attempt < 50; attempt++) {
      await store.answer(down);
      await clock.advance(2_000);
    }
    expect(store.asked).toHaveLength(51);
  });

  test('a listener that throws gets the same listing again', async () => {
    failing = true;
    await store.answer(listing(7));
    expect(faults).toEqual(['unavailable']);
    failing = false;
    await clock.advance(2_000);
    await store.answer(listing(7));
    expect(seen).toEqual([7]);
  });

  test('ends when its signal aborts and leaves no timer', async () => {
    await store.answer(listing(7));
    abort.abort();
    await watching;
    expect(clock.pending).toBe(0);
  });
});
