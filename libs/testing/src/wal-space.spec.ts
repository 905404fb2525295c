import { Fault } from '@ringwatch/kernel';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import type { Entry } from '@ringwatch/raft';
import { Wal, type WalOptions } from '@ringwatch/raft-node';
import { beforeEach, describe, expect, test } from 'vitest';
import { SimulatedLogDisk } from './simulated-log-disk.ts';

const SEGMENT_BYTES = 8 * 1024;
const MIB = 1024 * 1024;

let disk: SimulatedLogDisk;
const broken: Fault[] = [];

beforeEach(() => {
  disk = new SimulatedLogDisk({ random: new SeededRandom(1) });
  broken.length = 0;
});

function open(options: Partial<WalOptions> = {}): Wal {
  return Wal.open({
    disk,
    folder: 'log',
    segmentBytes: SEGMENT_BYTES,
    limitBytes: 8 * SEGMENT_BYTES,
    random: new SeededRandom(2),
    clock: new FakeClock(),
    onBroken: (fault) => void broken.push(fault),
    ...options,
  });
}

/** Makes durable what is staged; returns the fault if there was one. */
function flush(wal: Wal): Fault | undefined {
  const answers: (Fault | undefined)[] = [];
  wal.flush((fault) => void answers.push(fault));
  expect(answers).toHaveLength(1);
  return answers[0];
}

const entry = (index: number, data = `entry ${index}`): Entry => ({
  term: 1,
  index,
  type: 'EntryNormal',
  data: Buffer.from(data),
});

/** Appends `count` entries of `bytes` to a group, one flush each. */
function write(wal: Wal, id: number, count: number, bytes = 100): void {
  for (let i = 0; i < count; i++) {
    const group = wal.group(id);
    group.append([entry(group.lastIndex + 1, 'x'.repeat(bytes))]);
    expect(flush(wal)).toBeUndefined();
  }
}

/** Sizes of all entries of a group. */
function sizesOf(wal: Wal, id: number): number[] {
  const { firstIndex, lastIndex } = wal.group(id);
  return (wal.group(id).entries(firstIndex, lastIndex + 1, Infinity) ?? []).map(({ data }) => data.length);
}

/** Appends to group 1 until that is refused; returns the refusal. */
function fill(wal: Wal): unknown {
  try {
    for (let i = 0; i < 1_000; i++) write(wal, 1, 1);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('space of the log', () => {
  test('of compacted entries is used again, and old frames do not come back with the file', () => {
    const wal = open();
    for (let round = 0; round < 40; round++) {
      write(wal, 1, 20);
      wal.group(1).compact(wal.group(1).lastIndex - 10);
    }
    expect(wal.stats.segments).toBeLessThanOrEqual(3);
    expect(disk.paths().length).toBeLessThanOrEqual(6);
    expect(wal.stats.segmentsFreed).toBeGreaterThan(10);
    wal.close();
    const { firstIndex, lastIndex } = open().group(1);
    expect([lastIndex, sizesOf(open(), 1).length]).toEqual([800, 801 - firstIndex]);
  });

  test('is not held by a group that writes nothing', () => {
    const wal = open();
    wal.group(2).append([entry(1, 'idle')]);
    wal.group(2).setHardState({ term: 3, vote: 2, commit: 1 }, true);
    for (let round = 0; round < 40; round++) {
      write(wal, 1, 20);
      wal.group(1).compact(wal.group(1).lastIndex - 10);
      wal.reclaim();
    }
    expect(wal.stats.segments).toBeLessThanOrEqual(3);
    expect(wal.stats.movedBytes).toBeGreaterThan(0);
    wal.close();
    expect([sizesOf(open(), 2), open().group(2).hardState.vote]).toEqual([[4], 2]);
  });

  test('at the limit is refused to those who hold the oldest segments, and to nobody else', () => {
    const wal = open();
    write(wal, 1, 60);
    for (let round = 0; wal.sizeBytes <= 8 * SEGMENT_BYTES && round < 1_000; round++) write(wal, 2, 1);
    expect([1, 2, 3].map((id) => wal.group(id).pinsOldest)).toEqual([true, false, false]);
    expect(() => wal.group(1).append([entry(61)])).toThrow(expect.objectContaining({ reason: 'log_full' }));
    expect(wal.group(1).lastIndex).toBe(60);
    wal.group(1).setHardState({ term: 2, vote: 2, commit: 2 }, true);
    write(wal, 2, 10);
    write(wal, 3, 10);
    wal.group(1).compact(60);
    wal.reclaim();
    expect(wal.needsFlush).toBe(true);
    flush(wal);
    expect(wal.group(1).pinsOldest).toBe(false);
  });

  test('beyond twice the limit is refused to all', () => {
    const wal = open();
    const writeToNew = (): void => {
      for (let id = 1; id < 1_000; id++) write(wal, id, 1, 2_000);
    };
    expect(writeToNew).toThrow(expect.objectContaining({ reason: 'log_full' }));
    expect(wal.sizeBytes).toBeGreaterThan(16 * SEGMENT_BYTES);
    expect(wal.sizeBytes).toBeLessThan(18 * SEGMENT_BYTES);
  });

  test('of groups that were removed is free', () => {
    const wal = open();
    for (const id of [1, 2, 3]) write(wal, id, 100);
    for (const id of wal.groupIds()) wal.removeGroup(id);
    for (let turn = 0; wal.needsFlush && turn < 10; turn++) {
      flush(wal);
      wal.reclaim();
    }
    expect([wal.stats.segments, wal.needsFlush]).toEqual([1, false]);
  });

  test('for the next segment is made in idle turns, 1 MiB each, and costs the flush nothing', () => {
    const wal = open({ segmentBytes: 3 * MIB, limitBytes: 64 * MIB });
    write(wal, 1, 1);
    const spareBytes = Array.from({ length: 6 }, () => {
      wal.prepare();
      return disk.paths().map((path) => disk.contentOf(path).length)[1];
    });
    expect(spareBytes).toEqual([0, MIB, 2 * MIB, 3 * MIB, 3 * MIB, 3 * MIB]);
    const filled = 3 * MIB - 1_000;
    write(wal, 1, 1, filled);
    const { syncs } = disk.counters;
    write(wal, 1, 1, 1_000);
    expect([wal.stats.segments, disk.counters.syncs - syncs]).toEqual([2, 1]);
  });

  test('for the next segment is made without idle turns as fast as the active one fills', () => {
    const wal = open({ segmentBytes: 4 * MIB, limitBytes: 64 * MIB });
    write(wal, 1, 60, 65_000);
    expect(disk.paths()).toEqual(['log/000000000001.wal', 'log/000000000002.wal']);
  });

  test('for a frame larger than a segment is found', () => {
    const wal = open({ limitBytes: 64 * SEGMENT_BYTES });
    write(wal, 1, 3);
    wal.group(1).append([4, 5, 6].map((index) => entry(index, 'z'.repeat(5 * SEGMENT_BYTES))));
    expect(flush(wal)).toBeUndefined();
    write(wal, 1, 3);
    wal.close();
    expect(sizesOf(open({ cacheBytes: 0 }), 1)).toEqual([100, 100, 100, 40960, 40960, 40960, 100, 100, 100]);
  });

  test('in memory is bounded by the cache, whatever was appended', () => {
    const wal = open({ cacheBytes: 10_000, limitBytes: 64 * SEGMENT_BYTES });
    for (const id of [1, 2, 3]) write(wal, id, 100, 200);
    expect(wal.stats.cachedBytes).toBeLessThanOrEqual(10_000);
    expect(sizesOf(wal, 1)).toHaveLength(100);
  });

  test.each([
    { segmentBytes: 4_000 },
    { segmentBytes: 8_196, limitBytes: 1_000_000 },
    { segmentBytes: 8_192, limitBytes: 8_192 },
    { segmentBytes: 2 ** 31, limitBytes: 2 ** 40 },
  ])('cannot be $segmentBytes a segment and $limitBytes in all', (sizes) => {
    expect(() => open(sizes)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});

describe('a disk that fails', () => {
  test('breaks the log for good at a sync: nothing is acknowledged, and that is told once', () => {
    const wal = open();
    write(wal, 1, 2);
    disk.failSyncs(1);
    wal.group(1).append([entry(3)]);
    expect(flush(wal)).toMatchObject({ code: 'data_loss', reason: 'log_broken' });
    wal.group(1).append([entry(4)]);
    expect(flush(wal)).toMatchObject({ code: 'data_loss', reason: 'log_broken' });
    expect([broken.length, wal.stats.isBroken]).toEqual([1, true]);
  });

  test('breaks the log also where nobody waits: while the next segment is made', () => {
    const wal = open();
    write(wal, 1, 1);
    disk.failSyncs(1);
    for (let step = 0; step < 3; step++) wal.prepare();
    expect([broken.length, flush(wal)]).toEqual([1, expect.objectContaining({ code: 'data_loss' })]);
  });

  test('breaks the log when remains that it would move are damaged', () => {
    const wal = open({ cacheBytes: 0 });
    wal.group(2).append([entry(1, 'idle remains')]);
    flush(wal);
    const path = disk.paths()[0] as string;
    const at = disk.contentOf(path).indexOf('idle remains');
    write(wal, 1, 60);
    wal.group(1).compact(wal.group(1).lastIndex);
    flush(wal);
    disk.flipBit(path, at, 0);
    wal.reclaim();
    expect([broken.length, flush(wal)]).toEqual([1, expect.objectContaining({ code: 'data_loss' })]);
  });

  test('when it is full lets everything wait, refuses appends, and goes on when there is space', () => {
    const clock = new FakeClock();
    disk = new SimulatedLogDisk({ random: new SeededRandom(1), capacityBytes: 3 * SEGMENT_BYTES + 100 });
    const wal = open({ clock });
    expect(fill(wal)).toMatchObject({ code: 'unavailable', reason: 'log_full' });
    const { lastIndex } = wal.group(1);
    let answer: Fault | undefined;
    let term = 0;
    while (answer === undefined && term < 1_000) {
      wal.group(1).setHardState({ term: ++term, vote: 1, commit: 0 }, true);
      answer = flush(wal);
    }
    // The reserve took some terms and votes that appends were not given.
    expect([answer?.reason, answer?.code, term > 5]).toEqual(['disk_full', 'unavailable', true]);
    expect([wal.group(1).pinsOldest, wal.group(2).pinsOldest]).toEqual([true, true]);
    disk.capacityBytes = Infinity;
    expect([flush(wal), broken]).toEqual([undefined, []]);
    write(wal, 1, 1);
    wal.close();
    expect([open().group(1).lastIndex, open().group(1).hardState.term]).toEqual([lastIndex + 1, term]);
  });
});
