import { expect, test } from 'vitest';
import { compareVersions, formatVersion, NO_VERSION, parseVersion } from './version.ts';

test('a later epoch wins over any index', () => {
  const versions = [{ epoch: 2, index: 1 }, { epoch: 1, index: 99 }, NO_VERSION, { epoch: 1, index: 7 }];
  expect(versions.sort(compareVersions).map(formatVersion)).toEqual(['0-0', '1-7', '1-99', '2-1']);
});

test.each(['', '1', '1-', '-1-2', '01-2', '1-2-3', 'a-b', '1-2 '])('%j is no version', (text) => {
  expect(parseVersion(text)).toBeUndefined();
});

test('parse gives back what format was given', () => {
  expect(parseVersion(formatVersion({ epoch: 3, index: 45 }))).toEqual({ epoch: 3, index: 45 });
});
