import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SnapshotStore } from './snapshot-store.ts';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'ringwatch-snapshot-'));

test('a folder without a snapshot has none', async () => {
  expect(await new SnapshotStore(await folder()).load()).toBeUndefined();
});

test('the newest snapshot replaces the one before', async () => {
  const store = new SnapshotStore(await folder());
  await store.save({ index: 3, data: Buffer.from('three') });
  await store.save({ index: 7, data: Buffer.from('seven') });
  expect(await store.load()).toEqual({ index: 7, data: Buffer.from('seven') });
});

test('a damaged snapshot is refused, not read', async () => {
  const path = await folder();
  const store = new SnapshotStore(path);
  await store.save({ index: 3, data: Buffer.from('three') });
  const bytes = await readFile(join(path, 'snapshot'));
  bytes.writeUInt8((bytes.at(-1) as number) ^ 1, bytes.length - 1);
  await writeFile(join(path, 'snapshot'), bytes);
  await expect(store.load()).rejects.toMatchObject({ reason: 'snapshot_corrupt' });
});
