import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { nodeLogDisk } from '../wal/node-log-disk.ts';
import { CHUNK_BYTES_MAX, SnapshotFiles } from './snapshot-files.ts';
import { readSnapshot } from './snapshot-source.ts';

const NAME = { group: 3, index: 42, term: 7 };
const state = Buffer.from(Array.from({ length: CHUNK_BYTES_MAX + 100 }, (_, i) => i % 251));
let folder: string;
let files: SnapshotFiles;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringwatch-snapshot-'));
  files = new SnapshotFiles(nodeLogDisk, folder);
});

function save(name = NAME): void {
  const sink = files.create(name);
  sink.write(state);
  let taken = false;
  sink.finish((done) => (taken = done));
  expect(taken).toBe(true);
}

test('a snapshot is read back as it was written, whatever its size', () => {
  save();
  expect(files.has(NAME)).toBe(true);
  expect(readSnapshot(files.open(NAME)).equals(state)).toBe(true);
});

test('nothing is seen of a snapshot that was not finished, and a restart removes it', () => {
  files.create(NAME).write(state);
  expect(files.has(NAME)).toBe(false);
  expect(readdirSync(folder)).toHaveLength(1);
  files = new SnapshotFiles(nodeLogDisk, folder);
  expect(readdirSync(folder)).toHaveLength(0);
});

test.each([5, 40, 60, CHUNK_BYTES_MAX + 60])('a changed byte at %i is found', (position) => {
  save();
  const path = join(folder, readdirSync(folder)[0] as string);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position);
  writeFileSync(path, bytes);
  expect(() => readSnapshot(files.open(NAME))).toThrow(/\[data_loss\]/);
});

test('a snapshot that was cut short is found', () => {
  save();
  const path = join(folder, readdirSync(folder)[0] as string);
  writeFileSync(path, readFileSync(path).subarray(0, -8));
  expect(() => readSnapshot(files.open(NAME))).toThrow(/\[data_loss\]/);
});

test('only the obsolete snapshots of the group are removed', () => {
  save();
  save({ ...NAME, index: 41 });
  save({ ...NAME, group: 4, index: 1 });
  files.remove(3, ({ index }) => index < 42);
  expect(readdirSync(folder).toSorted()).toEqual(['3-42-7.snapshot', '4-1-7.snapshot']);
});
