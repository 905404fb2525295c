import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedStore, MemoryStore } from '@ringwatch/metrics-store';
import { FakeClock } from '@ringwatch/kernel/fake';
import { describe, expect, test } from 'vitest';
import { describeMetricsStore, reportOf } from './metrics-store-contract.ts';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'ringwatch-store-'));

describeMetricsStore('memory', async () => new MemoryStore());
describeMetricsStore('embedded', async () => EmbeddedStore.open({ folder: await folder() }));

describe('embedded store', () => {
  test('keeps reports, schemas, hosts and its identity over a restart', async () => {
    const path = await folder();
    const first = await EmbeddedStore.open({ folder: path });
    await first.write([reportOf('a', 1, { x: 1, y: 2 })], 60_000);
    const identity = await first.identity();
    await first.close();
    const again = await EmbeddedStore.open({ folder: path });
    expect(await again.identity()).toBe(identity);
    expect((await again.point('a', 1))?.schema.keys).toEqual(['x', 'y']);
    expect((await again.host('a'))?.latest.timestamp).toBe(1);
    await again.close();
  });

  test('knows what is stored after a crash, although its hosts are written behind', async () => {
    const path = await folder();
    const crashed = await folder();
    const store = await EmbeddedStore.open({ folder: path });
    await store.write([reportOf('a', 1, { x: 1 }), reportOf('a', 2, { x: 1 })], 60_000);
    // What a kill leaves: the files as they are, nothing said.
    await cp(path, crashed, { recursive: true });
    const again = await EmbeddedStore.open({ folder: crashed });
    expect(await again.write([reportOf('a', 2, { x: 2 }), reportOf('a', 1, { x: 1 })], 60_000)).toEqual([
      'conflict',
      'duplicate',
    ]);
    await Promise.all([store.close(), again.close()]);
  });

  test('sweeps what has expired and nothing else', async () => {
    const clock = new FakeClock();
    const store = await EmbeddedStore.open({ folder: await folder(), clock });
    await store.write([reportOf('a', 1, { x: 1 })], 1_000);
    await store.write([reportOf('a', 2, { x: 1 })], 60_000);
    clock.jumpWall(5_000);
    expect(await store.sweep()).toBe(1);
    expect(await store.sweep()).toBe(0);
    expect((await store.range('a', 0, 10, 10)).map(({ timestamp }) => timestamp)).toEqual([2]);
    await store.close();
  });
});
