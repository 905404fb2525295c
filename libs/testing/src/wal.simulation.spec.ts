import { Fault, randomBelow } from '@ringwatch/kernel';
import type { LogDisk, LogFile, Wal } from '@ringwatch/raft-node';
import { describe, expect, test } from 'vitest';
import type { SimulatedLogDisk } from './simulated-log-disk.ts';
import { stateOf } from './wal-model.ts';
import { WAL_FOLDER, WalRun, type Tally } from './wal-run.ts';

const SEEDS = 200;
const LIVES = 8;
/** A group that random changes leave alone. */
const MARKED = 77;

/** Lives until something is wrong; returns that with the seed. */
function runSeed(seed: number, tally: Tally, wrap?: (disk: SimulatedLogDisk) => LogDisk): string | undefined {
  const run = new WalRun(seed, tally, wrap);
  for (let life = 0; life < LIVES; life++) {
    const wrong = wrongOf(() => run.live());
    if (wrong !== undefined) return `seed ${seed}, life ${life}: ${wrong.slice(0, 2_000)}`;
  }
  for (const [what, times] of Object.entries(run.simulated.counters))
    tally[what] = (tally[what] ?? 0) + times;
  return undefined;
}

/** A log that refuses to open, or finds itself in a state that cannot be, is as wrong as one that forgot. */
function wrongOf(live: () => string | undefined): string | undefined {
  try {
    return live();
  } catch (error) {
    return String(error);
  }
}

/** A disk whose syncs do nothing: what a build without fdatasync would be. */
function withoutSync(disk: SimulatedLogDisk): LogDisk {
  const muted = (file: LogFile): LogFile => ({
    sizeBytes: () => file.sizeBytes(),
    read: (target, position) => file.read(target, position),
    write: (source, position) => file.write(source, position),
    truncate: (sizeBytes) => file.truncate(sizeBytes),
    sync: (done) => done(),
    close: () => file.close(),
  });
  return {
    makeFolder: () => disk.makeFolder(),
    list: (path) => disk.list(path),
    open: (path, create) => muted(disk.open(path, create)),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    syncFolder: (path) => disk.syncFolder(path),
  };
}

/** A run after some lives, with a log that is open and has nothing staged. */
function settled(seed: number): { run: WalRun; wal: Wal } {
  const run = new WalRun(seed, {});
  for (let life = 0; life < 3; life++) expect(run.live()).toBeUndefined();
  const wal = run.open();
  run.flush(wal);
  return { run, wal };
}

/** The newest frame on a disk: the only one that may be void without being damaged. */
function lastFrame(disk: SimulatedLogDisk): { path: string; from: number; to: number } {
  const files = disk.paths().map((path) => ({ path, bytes: disk.contentOf(path) }));
  const isActive = ({ path, bytes }: (typeof files)[number]): boolean =>
    !path.includes('spare') && bytes.readUInt32LE(64) === bytes.readUInt32LE(32);
  const { path, bytes } = files.findLast(isActive) as (typeof files)[number];
  let [from, to] = [64, 64];
  while (to + 4 <= bytes.length && bytes.readUInt32LE(to) === bytes.readUInt32LE(32))
    [from, to] = [to, to + bytes.readUInt32LE(to + 8)];
  return { path, from, to };
}

/** State of the log on a disk, or that it is reported as damaged. */
function foundIn(run: WalRun): string {
  try {
    const wal = run.open();
    const state = stateOf(wal);
    wal.close();
    return state;
  } catch (error) {
    if (error instanceof Fault && error.code === 'data_loss') return 'reported';
    throw error;
  }
}

describe('write-ahead log on a disk that may do anything', () => {
  test(`${SEEDS} seeds of ${LIVES} crashes or kills lose nothing acknowledged and invent nothing`, () => {
    const tally: Tally = {};
    for (let seed = 1; seed <= SEEDS; seed++) expect(runSeed(seed, tally)).toBeUndefined();
    const happened = ['append', 'truncate', 'compact', 'receive', 'snapshot', 'remove', 'refused', 'flushes'];
    const around = ['movedBytes', 'segmentsFreed', 'kills', 'crashes', 'tornWrites', 'lostBytes', 'syncs'];
    const never = [...happened, ...around].filter((what) => !((tally[what] ?? 0) > 0));
    expect(never).toEqual([]);
  });

  test('the same check catches a log that does not sync', () => {
    let caught = 0;
    for (let seed = 1; seed <= 20; seed++) if (runSeed(seed, {}, withoutSync) !== undefined) caught++;
    expect(caught).toBeGreaterThanOrEqual(18);
  });

  test('a flipped bit is reported, changes nothing, or voids the last frame when it is in that', () => {
    const outcomes = { reported: 0, unchanged: 0, voided: 0 };
    for (let seed = 1; seed <= 60; seed++) {
      const { run, wal } = settled(seed);
      const older = stateOf(wal);
      wal.group(MARKED).setHardState({ term: 9, vote: 1, commit: 0 }, true);
      run.flush(wal);
      const newest = stateOf(wal);
      wal.close();
      const frame = lastFrame(run.simulated);
      const filled = run.simulated.paths().filter((path) => run.simulated.contentOf(path).length > 0);
      for (let flip = 12; flip > 0; flip--) {
        const paths = flip === 1 ? [frame.path] : filled;
        const path = paths[randomBelow(run.random, paths.length)] as string;
        const at =
          flip === 1
            ? frame.from + randomBelow(run.random, frame.to - frame.from)
            : randomBelow(run.random, run.simulated.contentOf(path).length);
        const bit = randomBelow(run.random, 8);
        const isInLast = path === frame.path && at >= frame.from && at < frame.to;
        run.simulated.flipBit(path, at, bit);
        const found = foundIn(run);
        const outcome = found === newest ? 'unchanged' : found === older && isInLast ? 'voided' : found;
        expect([seed, path, at, Object.hasOwn(outcomes, outcome) || outcome]).toEqual([seed, path, at, true]);
        outcomes[outcome as keyof typeof outcomes]++;
        // A void frame is cut off for good.
        if (outcome === 'voided') break;
        run.simulated.flipBit(path, at, bit);
      }
    }
    for (const times of Object.values(outcomes)) expect(times).toBeGreaterThan(20);
  });

  test('nothing is acknowledged after a sync failed, and what was acknowledged before is found again', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { run, wal } = settled(seed);
      wal.group(MARKED).setHardState({ term: 900, vote: 1, commit: 0 }, true);
      run.flush(wal);
      const acknowledged = stateOf(wal);
      run.simulated.failSyncs(1);
      let answers = 0;
      for (const term of [901, 902, 903]) {
        wal.group(MARKED).setHardState({ term, vote: 1, commit: 0 }, true);
        wal.flush((fault) => {
          answers++;
          expect(fault).toMatchObject({ code: 'data_loss', reason: 'log_broken' });
        });
        run.endSyncs();
      }
      run.simulated.crash();
      // The frame that failed to sync may have reached the disk nevertheless.
      const possible = [acknowledged, acknowledged.replace('"term":900', '"term":901')];
      expect([seed, answers, possible.includes(stateOf(run.open()))]).toEqual([seed, 3, true]);
    }
  });

  test('a file that was being made for the next segment changes nothing, whatever is in it', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { run, wal } = settled(seed);
      const state = stateOf(wal);
      wal.close();
      const file = run.simulated.open(`${WAL_FOLDER}/spare-000000000999.wal`, true);
      file.write(Buffer.alloc(1 + randomBelow(run.random, 20_000), 0xab), 0);
      const again = run.open();
      expect([seed, stateOf(again)]).toEqual([seed, state]);
      for (let turn = 0; turn < 200; turn++) {
        again.group(MARKED).setHardState({ term: turn, vote: 1, commit: 0 }, true);
        run.flush(again);
      }
      again.close();
      expect([seed, run.open().group(MARKED).hardState.term]).toEqual([seed, 199]);
    }
  });
});
