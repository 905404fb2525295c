import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Fault } from '@ringwatch/kernel';
import { FakeClock, SeededRandom } from '@ringwatch/kernel/fake';
import type { Entry } from '@ringwatch/raft';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogDisk, LogFile } from './log-disk.ts';
import { nodeLogDisk } from './node-log-disk.ts';
import { FrameWriter } from './wal-frame.ts';
import type { WalOptions } from './wal-options.ts';
import { Wal } from './wal.ts';

const SEGMENT_BYTES = 8 * 1024;
const FIRST_FRAME_AT = 64;

let folder: string;
const opened: Wal[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringwatch-wal-'));
});

afterEach(() => {
  for (const wal of opened.splice(0)) wal.close();
  rmSync(folder, { recursive: true });
});

function open(options: Partial<WalOptions> = {}): Wal {
  const wal = Wal.open({
    disk: nodeLogDisk,
    folder: join(folder, 'wal'),
    segmentBytes: SEGMENT_BYTES,
    limitBytes: 8 * SEGMENT_BYTES,
    random: new SeededRandom(Math.floor(performance.now() * 1_000)),
    clock: new FakeClock(),
    onBroken: (fault) => expect(fault).toBeUndefined(),
    ...options,
  });
  opened.push(wal);
  return wal;
}

/** Makes durable what is staged; returns the fault if there was one. */
function flush(wal: Wal): Fault | undefined {
  const answers: (Fault | undefined)[] = [];
  wal.flush((fault) => void answers.push(fault));
  expect(answers).toHaveLength(1);
  return answers[0];
}

function reopen(wal: Wal, options: Partial<WalOptions> = {}): Wal {
  wal.close();
  return open(options);
}

const entry = (index: number, data = `entry ${index}`, term = 1): Entry => ({
  term,
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

/** All entries of a group as texts. */
function textsOf(wal: Wal, id: number): string[] {
  const { firstIndex, lastIndex } = wal.group(id);
  const entries = wal.group(id).entries(firstIndex, lastIndex + 1, Infinity) ?? [];
  return entries.map(({ index, data }) => `${index}:${Buffer.from(data).toString()}`);
}

function segments(): string[] {
  const names = readdirSync(join(folder, 'wal')).filter((name) => /^\d/.test(name));
  return names.toSorted().map((name) => join(folder, 'wal', name));
}

/** The newest segment that has a frame. */
function activePath(): string {
  return segments().findLast((path) => readFileSync(path).readUInt32LE(FIRST_FRAME_AT + 8) > 0) as string;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
}

/** Offsets of the frames of a segment. */
function framesOf(path: string): number[] {
  const bytes = readFileSync(path);
  const salt = bytes.readUInt32LE(32);
  const offsets: number[] = [];
  for (let at = FIRST_FRAME_AT; at + 8 < bytes.length && bytes.readUInt32LE(at) === salt;) {
    offsets.push(at);
    at += bytes.readUInt32LE(at + 8);
  }
  return offsets;
}

/** The machine's disk, with some calls of its files replaced. */
function diskWith(replace: (file: LogFile, path: string) => Partial<LogFile>): LogDisk {
  const wrapped = (file: LogFile, path: string): LogFile => ({
    sizeBytes: () => file.sizeBytes(),
    read: (target, position) => file.read(target, position),
    write: (source, position) => file.write(source, position),
    truncate: (sizeBytes) => file.truncate(sizeBytes),
    sync: (done) => file.sync(done),
    close: () => file.close(),
    ...replace(file, path),
  });
  return { ...nodeLogDisk, open: (path, create) => wrapped(nodeLogDisk.open(path, create), path) };
}

describe('write-ahead log', () => {
  test('keeps its id, its groups and all of their state over a restart', () => {
    const wal = open();
    const { walId } = wal;
    const confState = {
      voters: [1, 2],
      votersOutgoing: [3],
      learners: [4],
      learnersNext: [2 ** 40],
      autoLeave: true,
    };
    wal.group(1).append([entry(1), { ...entry(2), type: 'EntryConfChangeV2' }, entry(3, '', 2)]);
    wal.group(1).setHardState({ term: 2, vote: 3, commit: 1 }, true);
    wal.group(9).applySnapshot({ index: 70, term: 6, confState });
    wal.group(9).append([entry(71, 'behind it', 6)]);
    flush(wal);
    const again = reopen(wal);
    expect([again.walId, again.groupIds()]).toEqual([walId, [1, 9]]);
    expect(again.group(1).hardState).toEqual({ term: 2, vote: 3, commit: 1 });
    expect(
      again
        .group(1)
        .entries(1, 4, Infinity)
        ?.map(({ term, type }) => [term, type]),
    ).toEqual([
      [1, 'EntryNormal'],
      [1, 'EntryConfChangeV2'],
      [2, 'EntryNormal'],
    ]);
    const { firstIndex, snapshotMeta } = again.group(9);
    expect([firstIndex, snapshotMeta]).toEqual([71, { index: 70, term: 6, confState }]);
    expect(again.group(9).term(70)).toBe(6);
  });

  test('truncates and compacts durably', () => {
    const wal = open();
    wal.group(1).append([1, 2, 3, 4, 5].map((index) => entry(index)));
    flush(wal);
    wal.group(1).append([entry(4, 'other', 2)]);
    wal.group(1).compact(2);
    flush(wal);
    expect(textsOf(reopen(wal), 1)).toEqual(['3:entry 3', '4:other']);
  });

  test('makes the entries and the vote of one flush durable together or not at all', () => {
    const wal = open();
    write(wal, 1, 1);
    wal.group(1).setHardState({ term: 5, vote: 2, commit: 0 }, true);
    wal.group(1).append([entry(2, 'y'.repeat(300), 5)]);
    wal.group(2).append([entry(1)]);
    flush(wal);
    const [path, whole] = [activePath(), readFileSync(activePath())];
    const last = framesOf(path).at(-1) as number;
    const end = last + whole.readUInt32LE(last + 8);
    wal.close();
    for (let length = last; length < end; length += 8) {
      writeFileSync(path, Buffer.concat([whole.subarray(0, length), Buffer.alloc(SEGMENT_BYTES - length)]));
      const torn = open();
      expect([length, torn.group(1).lastIndex, torn.group(1).hardState.term]).toEqual([length, 1, 0]);
      expect(torn.groupIds()).toEqual([1]);
      torn.close();
    }
  });

  test('sees what is staged at once, and asks for a flush only when something must be durable', () => {
    const wal = open();
    flush(wal);
    wal.group(1).setHardState({ term: 1, vote: 1, commit: 3 }, false);
    wal.group(1).saveSnapshotMeta({
      index: 0,
      term: 0,
      confState: { voters: [1], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
    });
    expect([wal.needsFlush, wal.group(1).hardState.commit]).toEqual([false, 3]);
    wal.group(1).append([entry(1)]);
    expect([wal.needsFlush, wal.group(1).needsFlush, wal.group(1).term(1)]).toEqual([true, true, 1]);
    flush(wal);
    expect([wal.needsFlush, wal.group(1).needsFlush]).toEqual([false, false]);
    expect(reopen(wal).group(1).hardState.commit).toBe(3);
  });

  test('forgets a removed group for good, also under its old id', () => {
    const wal = open();
    write(wal, 1, 5);
    wal.removeGroup(1);
    expect([wal.needsFlush, wal.groupIds()]).toEqual([true, []]);
    wal.group(1).append([entry(1, 'anew')]);
    flush(wal);
    expect(textsOf(reopen(wal), 1)).toEqual(['1:anew']);
  });

  test('cuts entries to a number of bytes, after at least one', () => {
    const wal = open({ cacheBytes: 0 });
    write(wal, 1, 10, 100);
    const indices = (bytesMax: number): number[] | undefined =>
      wal
        .group(1)
        .entries(2, 11, bytesMax)
        ?.map(({ index }) => index);
    expect([indices(0), indices(250), indices(Infinity)?.length]).toEqual([[2], [2, 3], 9]);
    wal.group(1).compact(2);
    expect([indices(250), wal.group(1).entries(11, 11, 10)]).toEqual([undefined, []]);
  });
});

describe('a torn or damaged log', () => {
  test.each([1, 9, 30, 100])(
    'drops a frame torn %i bytes before its end and goes on in its place',
    (torn) => {
      const wal = open();
      write(wal, 1, 3);
      const [path, last] = [activePath(), framesOf(activePath()).at(-1) as number];
      const end = last + readFileSync(path).readUInt32LE(last + 8);
      wal.close();
      truncateSync(path, end - torn);
      const again = open();
      expect(again.group(1).lastIndex).toBe(2);
      again.group(1).append([entry(3, 'again')]);
      flush(again);
      write(again, 1, 2);
      expect(textsOf(reopen(again), 1)[2]).toBe('3:again');
    },
  );

  test('has dropped a torn frame on disk before it appends', () => {
    const wal = open();
    write(wal, 1, 3);
    const [path, last] = [activePath(), framesOf(activePath()).at(-1) as number];
    wal.close();
    flip(path, last + 70);
    const events: string[] = [];
    const disk = diskWith((file) => ({
      write: (source, position) => {
        events.push(`write ${position}`);
        file.write(source, position);
      },
      sync: (done) => {
        events.push('sync');
        file.sync(done);
      },
    }));
    const again = open({ disk });
    expect([events, again.needsFlush]).toEqual([[`write ${last}`], true]);
    again.group(1).append([entry(3, 'again')]);
    flush(again);
    expect(events.slice(0, 4)).toEqual([`write ${last}`, 'sync', `write ${last}`, 'sync']);
  });

  test('is refused with file and byte when a frame in the middle is damaged', () => {
    const wal = open();
    write(wal, 1, 5);
    wal.close();
    const [path, second] = [activePath(), framesOf(activePath())[1] as number];
    for (const at of [second, second + 5, second + 60]) {
      flip(path, at);
      expect(() => open()).toThrow(`${path} is corrupt at byte ${second}`);
      expect(() => open()).toThrow(expect.objectContaining({ code: 'data_loss', reason: 'log_corrupt' }));
      flip(path, at);
    }
    expect(open().group(1).lastIndex).toBe(5);
  });

  test('is refused when the last frame of an older segment is damaged', () => {
    const wal = open();
    write(wal, 1, 70);
    wal.close();
    const oldest = segments()[0] as string;
    flip(oldest, (framesOf(oldest).at(-1) as number) + 40);
    expect(() => open()).toThrow(`${oldest} is corrupt at byte ${framesOf(oldest).at(-1)}`);
  });

  test('is refused when a segment is missing, damaged in its header, renamed, or of another log', () => {
    const wal = open();
    write(wal, 1, 150);
    wal.close();
    const [first, second] = segments() as [string, string];
    const bytes = readFileSync(first);
    rmSync(first);
    expect(() => open()).toThrow('segment 1 of the log is missing');
    writeFileSync(first, readFileSync(second));
    expect(() => open()).toThrow('segment 2 by another name');
    writeFileSync(first, bytes);
    flip(first, 10);
    expect(() => open()).toThrow(`${first} is corrupt at byte 0`);
    writeFileSync(first, bytes);
    expect(open().group(1).lastIndex).toBe(150);
  });

  test('is refused when it is of another version', () => {
    const wal = open();
    write(wal, 1, 1);
    wal.close();
    const path = segments()[0] as string;
    const bytes = readFileSync(path);
    bytes.writeUInt16LE(2, 4);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 36)), 36);
    writeFileSync(path, bytes);
    expect(() => open()).toThrow(expect.objectContaining({ code: 'unimplemented' }));
  });

  test('says so when entries that are read back are damaged', () => {
    const wal = open({ cacheBytes: 0 });
    write(wal, 1, 3);
    const [path, second] = [activePath(), framesOf(activePath())[1] as number];
    flip(path, second + 100);
    const read = (): unknown => wal.group(1).entries(1, 4, Infinity);
    expect(read).toThrow(`${path} is corrupt at byte ${second + 32}: damaged entries`);
    expect(wal.group(1).entries(3, 4, Infinity)).toHaveLength(1);
  });

  test('is not made of entries that spell frames', () => {
    const wal = open();
    const writer = new FrameWriter();
    for (let shift = 0; shift < 8; shift++) {
      writer.begin(1);
      writer.beginSection(1, 7);
      writer.endSection();
      const forged = Buffer.concat([Buffer.alloc(shift), writer.finish(3, FIRST_FRAME_AT)]);
      wal.group(1).append([entry(shift + 1, forged.toString('latin1'))]);
      flush(wal);
    }
    const [path, last] = [activePath(), framesOf(activePath()).at(-1) as number];
    wal.close();
    flip(path, last + 4);
    expect(open().group(1).lastIndex).toBe(7);
  });
});
