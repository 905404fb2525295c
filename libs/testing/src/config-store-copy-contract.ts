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

    test('an empty copy has no documents', async () => {
      expect(await copy.read('feature-flags')).toEqual([]);
    });

    test('reads back what was applied, in its family only', async () => {
      expect(await copy.apply(first)).toBe('applied');
      expect(await copy.read('feature-flags')).toEqual([first]);
      expect(await copy.read('routes')).toEqual([]);
    });

    test.each([
      { title: 'an older index', version: { epoch: 1, index: 9 }, outcome: 'stale' },
      { title: 'an older epoch', version: { epoch: 0, index: 99 }, outcome: 'stale' },
      { title: 'the same version', version: { epoch: 1, index: 10 }, outcome: 'same' },
      { title: 'a later index', version: { epoch: 1, index: 11 }, outcome: 'applied' },
      { title: 'a later epoch', version: { epoch: 2, index: 1 }, outcome: 'applied' },
    ])('$title is $outcome', async ({ version, outcome }) => {
      await copy.apply(first);
      expect(await copy.apply({ ...first, version })).toBe(outcome);
    });

    test('the same version with other content is repaired', async () => {
      await copy.apply({ ...first, text: '{"enabled":false}', hash: hashOf('{"enabled":false}') });
      expect(await copy.apply(first)).toBe('applied');
      expect(await copy.read('feature-flags')).toEqual([first]);
    });

    test('a deletion stays known, so that nothing older revives the document', async () => {
      await copy.apply(first);
      await copy.apply(deleted);
      expect(await copy.apply(first)).toBe('stale');
      expect(await copy.read('feature-flags')).toEqual([deleted]);
    });

    test('a subscriber hears of each applied change and of no other', async () => {
      const heard: unknown[] = [];
      const subscribed = new Promise<void>((resolve) => {
        onTestFinished(
          copy.subscribe({ onMessage: (message) => heard.push(message), onSubscribed: resolve }),
        );
      });
      await subscribed;
      await copy.apply(first);
      await copy.apply(first);
      await copy.apply({ ...first, version: { epoch: 0, index: 1 } });
      await copy.apply(deleted);
      const { family, key } = first;
      await vi.waitFor(() =>
        expect(heard).toEqual([
          { family, key, version: first.version, hash: first.hash },
          { family, key, version: deleted.version, hash: '' },
        ]),
      );
    });
  });
}
