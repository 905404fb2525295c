import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedKv } from '@ringwatch/consul-client';
import { silentLogger } from '@ringwatch/kernel';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ConfigReader, ConfigStore, openConfigReader } from './index.ts';

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ringwatch-open-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('without sources nothing is known and nothing is waited for', async () => {
  const reader = await openConfigReader({ folder: await freshFolder(), logger: silentLogger });
  expect(reader.get('brokers', 'settings')).toMatchObject({ value: undefined, source: 'none' });
  await reader.close();
});

test('with its sources away it starts from the snapshot in its folder, and ends', async () => {
  const folder = await freshFolder();
  const kv = await EmbeddedKv.open();
  const store = new ConfigStore({ kv });
  await store.start();
  await store.put('brokers', 'settings', { intervalMs: 500 });
  const before = new ConfigReader({ kv, snapshotPath: join(folder, 'config.json') });
  await before.start();
  await vi.waitFor(() => expect(before.get('brokers', 'settings').value).toBeDefined());
  await Promise.all([before.close(), store.close()]);

  const away = { consulUrl: 'http://127.0.0.1:1', redisUrl: 'redis://127.0.0.1:1' };
  const reader = await openConfigReader({ ...away, folder, logger: silentLogger });
  expect(reader.get('brokers', 'settings')).toMatchObject({ value: { intervalMs: 500 }, source: 'snapshot' });
  await reader.close();
});
