import type { Entry } from '@ringwatch/raft';
import { describe, expect, test } from 'vitest';
import { CACHED_ENTRY_BYTES, EntryCache, EntryWindow, type Cached } from './entry-cache.ts';

const entry = (index: number, bytes = 4): Entry => ({
  term: 1,
  index,
  type: 'EntryNormal',
  data: Buffer.alloc(bytes, index),
});

function windowOf(cache: EntryCache, first: number, count: number): EntryWindow {
  const window = new EntryWindow(cache, first);
  for (let i = 0; i < count; i++) window.push(entry(first + i));
  return window;
}

/** A group whose entries are all flushed. */
function groupOf(window: EntryWindow): Cached {
  return {
    get cachedFrom() {
      return window.first;
    },
    evict: (index) => window.drop(index),
  };
}

describe('entry window', () => {
  test('gives entries by index while both ends move', () => {
    const window = windowOf(new EntryCache(0), 5, 10);
    window.drop(7);
    window.truncate(12);
    window.push(entry(13, 9));
    expect([window.first, window.at(8).index, window.at(13).data.length]).toEqual([8, 8, 9]);
    expect(window.from(12).map(({ index }) => index)).toEqual([12, 13]);
  });

  test('goes on wherever a truncation below its first entry leaves the log', () => {
    const window = windowOf(new EntryCache(0), 5, 3);
    window.truncate(2);
    window.push(entry(3));
    expect([window.first, window.at(3).index]).toEqual([3, 3]);
  });

  test('counts what it holds and nothing else', () => {
    const cache = new EntryCache(0);
    const window = windowOf(cache, 1, 100);
    expect(cache.bytes).toBe(100 * (4 + CACHED_ENTRY_BYTES));
    window.drop(40);
    window.truncate(90);
    expect(cache.bytes).toBe(50 * (4 + CACHED_ENTRY_BYTES));
    window.clear(7);
    expect([cache.bytes, window.first]).toEqual([0, 7]);
  });
});

describe('entry cache', () => {
  test('forgets the oldest flush first, of whichever group', () => {
    const cache = new EntryCache(15 * (4 + CACHED_ENTRY_BYTES));
    const [a, b] = [windowOf(cache, 1, 10), windowOf(cache, 1, 10)];
    cache.flushed(groupOf(b), 10);
    cache.flushed(groupOf(a), 10);
    expect([b.first, a.first]).toEqual([11, 1]);
  });

  test('does not gather notes of flushes whose entries are gone', () => {
    const cache = new EntryCache(Infinity);
    const window = new EntryWindow(cache, 1);
    for (let index = 1; index <= 100_000; index++) {
      window.push(entry(index));
      cache.flushed(groupOf(window), index);
      window.drop(index);
    }
    expect(cache.notes).toBeLessThan(3_000);
  });
});
