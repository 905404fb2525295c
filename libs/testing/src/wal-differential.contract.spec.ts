import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBelow } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { nodeLogDisk, Wal } from '@ringwatch/raft-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SqliteGroups } from './sqlite-groups.ts';
import { differenceOfRead, randomOperation, stateOf, WalModel } from './wal-model.ts';

const STEPS = 1_500;
const LIMITS = { groups: 4, dataBytesMax: 600 };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringwatch-wal-differential-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function open(random: SeededRandom): { wal: Wal; sqlite: SqliteGroups } {
  const wal = Wal.open({
    disk: nodeLogDisk,
    folder: join(folder, 'wal'),
    segmentBytes: 16 * 1024,
    limitBytes: 16 * 1024 * 1024,
    cacheBytes: randomBelow(random, 20_000),
    random,
    clock: { monotonicMs: () => 0 },
    onBroken: (fault) => expect(fault).toBeUndefined(),
  });
  return { wal, sqlite: new SqliteGroups(join(folder, 'oracle.db')) };
}

describe('write-ahead log beside SQLite', () => {
  test.each([1, 2, 3, 4])('holds the same after the same changes, flushes and restarts, seed %i', (seed) => {
    const random = new SeededRandom(seed);
    let [model, flushed] = [new WalModel(), new WalModel()];
    let { wal, sqlite } = open(random);
    let restarts = 0;
    for (let step = 0; step < STEPS; step++) {
      const dice = randomBelow(random, 100);
      if (dice < 70) {
        const operation = randomOperation(random, model, LIMITS);
        for (const groups of [wal, sqlite, model]) operation.apply(groups);
      } else if (dice < 80) {
        expect(differenceOfRead(random, model, wal)).toBeUndefined();
      } else if (dice < 97) {
        wal.reclaim();
        wal.flush((fault) => expect(fault).toBeUndefined());
        sqlite.flush();
        flushed = model.copy();
      } else {
        wal.close();
        sqlite.close();
        ({ wal, sqlite } = open(random));
        model = flushed.copy();
        restarts++;
        expect([step, stateOf(wal)]).toEqual([step, stateOf(sqlite)]);
      }
    }
    expect(stateOf(wal)).toBe(stateOf(sqlite));
    expect(restarts).toBeGreaterThan(10);
    wal.close();
    sqlite.close();
  });
});
