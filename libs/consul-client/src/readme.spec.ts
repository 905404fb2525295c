import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EmbeddedKv, watchPrefix, type KvListing } from './index.ts';

test('the example of the README does what it says', async () => {
  const kv = await EmbeddedKv.open({ path: join(await mkdtemp(join(tmpdir(), 'ringwatch-readme-')), 'kv') });
  await kv.put('ringwatch/greeting', 'hello');
  const read = await kv.get('ringwatch/greeting');
  const cas = read?.modifyIndex ?? 0;
  expect(await kv.put('ringwatch/greeting', 'hello again', { cas })).toBe(true);
  expect(await kv.put('ringwatch/greeting', 'too late', { cas })).toBe(false);

  const end = new AbortController();
  const seen: string[][] = [];
  const onListing = ({ entries }: KvListing): void => {
    seen.push(entries.map(({ value }) => value.toString()));
    end.abort();
  };
  await watchPrefix(kv, 'ringwatch/', { onListing }, { signal: end.signal });
  expect(seen).toEqual([['hello again']]);
  await kv.close();
});
