/** What every {@link FastCopy} does: the Redis one and its twin in memory. */
import { hashOf, type ConfigDocument, type FastCopy } from '@ringwatch/config-store';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

const text = '{"enabled":true}';
const first: ConfigDocument = {
  family: 'feature-flags',
  key: 'a.b-c_1',
  version: { epoch: 1, index: 10 },
  text,
  hash: hashOf(text),
  atMs: 0,
};
const deleted: ConfigDocument = {
  ...first,
  version: { epoch: 1, index: 11 },
  text: undefined,
  hash: '',
  atMs: 1_234,
};

/** Declares the suite under `title`; `open` gives each test an empty copy. */
export function fastCopyContract(title: string, open: () => Promise<FastCopy>): void {
  describe(title, () => {
    let copy: FastCopy;
    beforeEach(async () => {
      copy = await open();
    });

    appliesByVersion(() => copy);
    deletesAndTells(() => copy);
  });
}

function appliesByVersion(current: () => FastCopy): void {
  test('an empty copy has no documents', async () => {
    expect(await current().read('feature-flags')).toEqual([]);
  });

  test('reads back what was applied, in its family only', async () => {
    expect(await current().apply(first)).toBe('applied');
    expect(await current().read('feature-flags')).toEqual([first]);
    expect(await current().read('routes')).toEqual([]);
  });

  test.each([
    { title: 'an older index', version: { epoch: 1, index: 9 }, outcome: 'stale' },
    { title: 'an older epoch', version: { epoch: 0, index: 99 }, outcome: 'stale' },
    { title: 'the same version', version: { epoch: 1, index: 10 }, outcome: 'same' },
    { title: 'a later index', version: { epoch: 1, index: 11 }, outcome: 'applied' },
    { title: 'a later epoch', version: { epoch: 2, index: 1 }, outcome: 'applied' },
  ])('$title is $outcome', async ({ version, outcome }) => {
    await current().apply(first);
    expect(await current().apply({ ...first, version })).toBe(outcome);
  });

  test('the same version with other content is repaired', async () => {
    await current().apply({ ...first, text: '{"enabled":false}', hash: hashOf('{"enabled":false}') });
    expect(await current().apply(first)).toBe('applied');
    expect(await current().read('feature-flags')).toEqual([first]);
  });
}

function deletesAndTells(current: () => FastCopy): void {
  test('a deletion stays known, so that nothing older revives the document', async () => {
    await current().apply(first);
    await current().apply(deleted);
    expect(await current().apply(first)).toBe('stale');
    expect(await current().read('feature-flags')).toEqual([deleted]);
  });

  test('a deletion can be forgotten, unless something was written since', async () => {
    await current().apply(deleted);
    await current().forget({ ...deleted, version: { epoch: 1, index: 5 } });
    expect(await current().read('feature-flags')).toHaveLength(1);
    await current().forget(deleted);
    expect(await current().read('feature-flags')).toEqual([]);
    await current().apply(first);
    await current().forget(first);
    expect(await current().read('feature-flags')).toEqual([first]);
  });

  test('a subscriber hears of each applied change and of no other', async () => {
    const heard: unknown[] = [];
    const subscribed = new Promise<void>((resolve) => {
      onTestFinished(
        current().subscribe({ onMessage: (message) => heard.push(message), onSubscribed: resolve }),
      );
    });
    await subscribed;
    await current().apply(first);
    await current().apply(first);
    await current().apply({ ...first, version: { epoch: 0, index: 1 } });
    await current().apply(deleted);
    const { family, key } = first;
    await vi.waitFor(() =>
      expect(heard).toEqual([
        { family, key, version: first.version, hash: first.hash },
        { family, key, version: deleted.version, hash: '' },
      ]),
    );
  });
}
