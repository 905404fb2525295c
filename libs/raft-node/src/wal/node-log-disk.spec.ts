import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from '@ringwatch/kernel';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeLogDisk } from './node-log-disk.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringwatch-log-disk-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe("the machine's disk", () => {
  test('writes and reads at positions, and tells the end of a file by fewer bytes', () => {
    const file = nodeLogDisk.open(join(folder, 'a'), true);
    file.write(Buffer.from('cdef'), 2);
    const read = Buffer.alloc(10, '.');
    expect([file.read(read, 1), read.toString()]).toEqual([5, '\0cdef.....']);
    file.truncate(3);
    expect(file.sizeBytes()).toBe(3);
    file.close();
  });

  test('has synced before sync returns', () => {
    const file = nodeLogDisk.open(join(folder, 'a'), true);
    file.write(Buffer.from('text'), 0);
    const answers: (Fault | undefined)[] = [];
    file.sync((fault) => void answers.push(fault));
    expect(answers).toEqual([undefined]);
    file.close();
  });

  test('tells a sync that failed by its fault, and does not take what the caller throws for one', () => {
    const calls: string[] = [];
    // A device that cannot be synced.
    for (const path of [join(folder, 'a'), '/dev/null']) {
      const file = nodeLogDisk.open(path, true);
      const sync = (): void =>
        file.sync((fault) => {
          calls.push(fault?.reason ?? 'synced');
          throw new Error('ours');
        });
      expect(sync).toThrow('ours');
      file.close();
    }
    expect(calls).toEqual(['synced', 'disk_failed']);
  });

  test('creates folders, lists, renames over and removes', () => {
    const inner = join(folder, 'one', 'two');
    nodeLogDisk.makeFolder(inner);
    nodeLogDisk.makeFolder(inner);
    for (const name of ['a', 'b']) {
      const file = nodeLogDisk.open(join(inner, name), true);
      file.write(Buffer.from(name), 0);
      file.close();
    }
    nodeLogDisk.rename(join(inner, 'a'), join(inner, 'b'));
    nodeLogDisk.syncFolder(inner);
    expect([nodeLogDisk.list(inner), readFileSync(join(inner, 'b'), 'utf8')]).toEqual([['b'], 'a']);
    nodeLogDisk.remove(join(inner, 'b'));
    expect(nodeLogDisk.list(inner)).toEqual([]);
  });

  test('answers what fails with a coded fault', () => {
    const missing = join(folder, 'missing');
    const failed = expect.objectContaining({ code: 'unavailable', reason: 'disk_failed' });
    expect(() => nodeLogDisk.open(missing, false)).toThrow(failed);
    expect(() => nodeLogDisk.list(missing)).toThrow(failed);
    expect(() => nodeLogDisk.remove(missing)).toThrow(failed);
  });
});
