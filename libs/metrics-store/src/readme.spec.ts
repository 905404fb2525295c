import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packValues, schemaOf, toPlain } from '@ringwatch/metrics';
import { expect, test } from 'vitest';
import { EmbeddedStore, MemoryStore, type MetricsStore } from './index.ts';

const STORES: readonly { name: string; open: () => Promise<MetricsStore> }[] = [
  { name: 'memory', open: async () => new MemoryStore() },
  {
    name: 'embedded',
    open: async () => EmbeddedStore.open({ folder: await mkdtemp(join(tmpdir(), 'ringwatch-readme-')) }),
  },
];

test.each(STORES)('the example of the README does what it says: $name', async ({ open }) => {
  const store = await open();
  const report = {
    hostId: 'web-1',
    timestamp: 1_700_000_000,
    intervalMs: 1_000,
    labels: { rack: 'r7' },
    schema: schemaOf(['load1']),
    values: packValues([0.5]),
    late: false,
  };

  expect(await store.write([report], 900_000)).toEqual(['written']);
  expect(await store.write([report], 900_000)).toEqual(['duplicate']);
  expect(await store.write([{ ...report, values: packValues([0.7]) }], 900_000)).toEqual(['conflict']);

  const found = await store.range('web-1', 1_699_999_000, 1_700_001_000, 100);
  expect(found.map(toPlain)).toMatchObject([
    { hostId: 'web-1', timestamp: 1_700_000_000, metrics: { load1: 0.5 } },
  ]);
  await store.close();
});
