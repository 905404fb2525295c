import { mkdtemp, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Disk } from './disk.ts';
import { encodeFrame } from './frame.ts';
import { nodeDisk } from './node-disk.ts';
import { SegmentLog, type SegmentLogOptions } from './segment-log.ts';

let folder: string;
const opened: SegmentLog[] = [];

/** A log in this test's folder; closed after it. */
async function open(options: Partial<SegmentLogOptions> = {}): Promise<SegmentLog> {
  const log = await SegmentLog.open({ folder, ...options });
  opened.push(log);
  return log;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringwatch-segments-'));
});

/** Appends the texts one by one and closes; returns the newest segment's path. */
async function write(texts: readonly string[], segmentBytes = 1_000_000): Promise<string> {
  const log = await open({ segmentBytes });
  for (const text of texts) await log.append([Buffer.from(text)]);
  await log.close();
  return join(folder, (await readdir(folder)).toSorted().at(-1) as string);
}

afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
});

describe('segment log', () => {
  test('keeps its identity and its entries over a restart', async () => {
    await write(['a', 'b']);
    const first = await open();
    const again = await open();
    expect(again.logId).toBe(first.logId);
    expect((await again.read(2)).toString()).toBe('b');
  });

  test.each([1, 9, 30])('cuts a tail torn %i bytes before its end and goes on from there', async (torn) => {
    const path = await write(['a', 'b', 'c']);
    await truncate(path, (await readFile(path)).length - torn);
    const log = await open();
    expect(log.lastIndex).toBe(2);
    expect(await log.append([Buffer.from('d')])).toBe(3);
    await log.close();
    const reopened = await open();
    expect((await reopened.read(3)).toString()).toBe('d');
  });

  test('tells a damaged frame in the middle from a torn tail and refuses to open', async () => {
    const path = await write(['aaaa', 'bbbb', 'cccc']);
    const bytes = await readFile(path);
    bytes.writeUInt8((bytes[70] as number) ^ 1, 70);
    await writeFile(path, bytes);
    await expect(open()).rejects.toMatchObject({
      code: 'data_loss',
      reason: 'log_corrupt',
    });
  });

  test('is not deceived by a payload that spells a frame', async () => {
    // An intact frame as somebody would write it who does not know the salt; 4 bytes of length come before
    // it.
    const forged = encodeFrame(3, [Buffer.from('forged')], 0);
    const path = await write(['a']);
    const log = await open();
    for (let shift = 0; shift < 8; shift++) await log.append([Buffer.concat([Buffer.alloc(shift), forged])]);
    await log.close();
    await truncate(path, (await readFile(path)).length - 8);
    expect((await open()).lastIndex).toBe(8);
  });

  test('refuses a torn tail in any segment but the newest', async () => {
    await write(['a'.repeat(50), 'b'.repeat(50), 'c'.repeat(50)], 60);
    const [oldest] = (await readdir(folder)).toSorted();
    await truncate(join(folder, oldest as string), 90);
    await expect(open()).rejects.toMatchObject({ code: 'data_loss' });
  });

  test('refuses a chain with a missing segment', async () => {
    await write(['a', 'b', 'c', 'd'], 60);
    const names = (await readdir(folder)).toSorted();
    await nodeDisk.remove(join(folder, names[1] as string));
    await expect(open()).rejects.toMatchObject({ code: 'data_loss' });
  });

  test('drops a newest segment that a crash left without its header', async () => {
    await write(['a']);
    await writeFile(join(folder, '00000000000000000002.log'), Buffer.alloc(0));
    const log = await open();
    expect(await log.append([Buffer.from('b')])).toBe(2);
  });

  test('acknowledges nothing after a failed sync, not even when the disk works again', async () => {
    let failing = false;
    const disk: Disk = {
      ...nodeDisk,
      open: async (path, create) => {
        const file = await nodeDisk.open(path, create);
        const sync = (): Promise<void> => (failing ? Promise.reject(new Error('EIO')) : file.sync());
        return Object.assign(Object.create(file) as typeof file, { sync });
      },
    };
    const log = await open({ disk });
    await log.append([Buffer.from('a')]);
    failing = true;
    await expect(log.append([Buffer.from('b')])).rejects.toMatchObject({ reason: 'log_broken' });
    failing = false;
    await expect(log.append([Buffer.from('c')])).rejects.toMatchObject({ reason: 'log_broken' });
    expect(log.lastIndex).toBe(1);
  });
});
