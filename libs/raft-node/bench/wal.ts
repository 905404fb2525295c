/**
 * Entries a second that become durable through the write-ahead log, 1 KiB each, and how fast it is read back.
 * The yardstick is a bare loop over the same kind of file, zero-filled: one write and one fdatasync of as
 * many bytes. Ways take turns; figures are medians.
 *
 * usage: npm run bench -- wal [milliseconds per way and round, default 1000] [MiB read back, default 256]
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { systemClock } from '@ringwatch/kernel/system';
import type { Entry } from '@ringwatch/raft';
import { nodeLogDisk, Wal, type LogDisk } from '@ringwatch/raft-node';

const SEED = 20_261_121;
const ROUNDS = 5;
const ENTRY_BYTES = 1024;
const BATCHES = [1, 16, 256];
const GROUPS = 8;

const roundMs = Number(process.argv[2] ?? 1_000);
const replayedBytes = Number(process.argv[3] ?? 256) * 1024 * 1024;
/** 64 MiB, as in production, unless little is read back. */
const segmentBytes = replayedBytes / 4;
/** Entries that a group retains while it is written. */
const retainedEntries = replayedBytes / 2 / GROUPS / ENTRY_BYTES;
const random = new SeededRandom(SEED);
const data = Buffer.from(Array.from({ length: ENTRY_BYTES }, () => Math.floor(random.next() * 256)));
const root = mkdtempSync(join(tmpdir(), 'ringwatch-wal-'));

function open(folder: string, disk = nodeLogDisk): Wal {
  const onBroken = (fault: Error): never => {
    throw fault;
  };
  return Wal.open({ disk, folder, segmentBytes, random, clock: systemClock, onBroken });
}

/** Appends `count` entries to one of the groups and makes them durable. */
function append(wal: Wal, turn: number, count: number, retained = retainedEntries): void {
  const group = wal.group(1 + (turn % GROUPS));
  const entries: Entry[] = [];
  for (let i = 1; i <= count; i++)
    entries.push({ term: 1, index: group.lastIndex + i, type: 'EntryNormal', data });
  group.append(entries);
  group.setHardState({ term: 1, vote: 1, commit: group.lastIndex - count }, false);
  if (group.lastIndex > retained) group.compact(group.lastIndex - retained);
  wal.flush((fault) => {
    if (fault !== undefined) throw fault;
  });
}

/** Calls `turn` until the time is over; returns entries a second at `count` a turn. */
function rate(count: number, turn: (number: number) => void): number {
  const startMs = performance.now();
  let turns = 0;
  while (performance.now() - startMs < roundMs) turn(turns++);
  return (turns * count * 1_000) / (performance.now() - startMs);
}

/** What is only read back needs no sync: a quarter of a million would take a minute. */
const unsyncedDisk: LogDisk = {
  ...nodeLogDisk,
  open: (path, create) => {
    const file = nodeLogDisk.open(path, create);
    file.sync = (done) => done();
    return file;
  },
};

/** A zero-filled file that is written round and round, with a sync after each write. */
class BareFile {
  readonly #descriptor = openSync(join(root, 'bare'), 'w+');
  #at = 0;

  constructor() {
    const zeros = Buffer.alloc(1024 * 1024);
    for (let at = 0; at < segmentBytes; at += zeros.length)
      writeSync(this.#descriptor, zeros, 0, zeros.length, at);
    fdatasyncSync(this.#descriptor);
  }

  write(bytes: Buffer): void {
    if (this.#at + bytes.length > segmentBytes) this.#at = 0;
    writeSync(this.#descriptor, bytes, 0, bytes.length, this.#at);
    fdatasyncSync(this.#descriptor);
    this.#at += bytes.length;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function measureAppends(): void {
  const wal = open(join(root, 'appends'));
  const bare = new BareFile();
  append(wal, 0, 1);
  // Steady state: every file served before, and none is filled with zeros any more.
  for (let turn = 0; wal.stats.segmentsFreed < 4; turn++) append(wal, turn, 256);
  for (const count of BATCHES) {
    const block = Buffer.alloc(count * ENTRY_BYTES, data);
    const rates = { wal: [] as number[], bare: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      rates.bare.push(rate(count, () => bare.write(block)));
      rates.wal.push(rate(count, (turn) => append(wal, turn, count)));
    }
    const yardstick = median(rates.bare);
    print(`bare file, batches of ${count}`, yardstick, 'entries/s');
    const against = { name: `bare file, batches of ${count}`, value: yardstick };
    print(`append, batches of ${count}`, median(rates.wal), 'entries/s', against);
  }
  wal.close();
  bare.close();
}

function measureReplay(): void {
  for (const count of BATCHES) {
    const folder = join(root, `replay-${count}`);
    const written = open(folder, unsyncedDisk);
    for (let turn = 0; written.sizeBytes < replayedBytes; turn++) append(written, turn, count, Infinity);
    const bytes = written.sizeBytes;
    written.close();
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const startMs = performance.now();
      open(folder).close();
      rates.push(bytes / 1_000 / (performance.now() - startMs));
    }
    print(`replay, batches of ${count}`, median(rates), 'MB/s', { name: 'target', value: 200 });
    rmSync(folder, { recursive: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(name: string, value: number, unit: string, against?: { name: string; value: number }): void {
  const round = (number: number): number => Math.round(number * 100) / 100;
  const yardstick = against && { against: against.name, ratio: round(value / against.value) };
  console.log(JSON.stringify({ bench: 'wal', name, value: Math.round(value), unit, ...yardstick }));
}

try {
  measureAppends();
  measureReplay();
} finally {
  rmSync(root, { recursive: true });
}
