import { beforeEach, describe, expect, test } from 'vitest';
import type { ConfigDocument } from './document.ts';
import { DocumentTable } from './document-table.ts';

const document = (
  key: string,
  index: number,
  text: string | undefined = `"${key}${index}"`,
): ConfigDocument => {
  return { family: 'routes', key, version: { epoch: 1, index }, text, hash: text ?? '', atMs: 0 };
};
const deleted = (key: string, index: number): ConfigDocument => ({
  ...document(key, index),
  text: undefined,
  hash: '',
});

describe('document table', () => {
  let table: DocumentTable;
  const textOf = (key: string): string | undefined => table.get('routes', key)?.document.text;
  const live = (): string[] =>
    table
      .list('routes')
      .filter(({ document: { text } }) => text !== undefined)
      .map(({ document: { key } }) => key);

  beforeEach(() => {
    table = new DocumentTable();
  });

  test('takes later versions and never goes back, whatever the source', () => {
    table.merge('routes', [document('a', 5)], 'redis');
    expect(table.merge('routes', [document('a', 4)], 'consul').changed).toEqual([]);
    expect(textOf('a')).toBe('"a5"');
    expect(table.merge('routes', [document('a', 6)], 'redis').changed).toHaveLength(1);
  });

  test('an epoch is later than any index of the one before', () => {
    table.merge('routes', [document('a', 50)], 'consul');
    const next = { ...document('a', 2), version: { epoch: 2, index: 2 } };
    expect(table.merge('routes', [next], 'consul').changed).toEqual([next]);
  });

  test('at equal versions the authority counts, and the copy does not', () => {
    table.merge('routes', [document('a', 5, '"damaged"')], 'redis');
    table.merge('routes', [document('a', 5, '"true"')], 'consul');
    expect(textOf('a')).toBe('"true"');
    table.merge('routes', [document('a', 5, '"damaged"')], 'redis');
    expect(table.get('routes', 'a')).toMatchObject({ source: 'consul', document: { text: '"true"' } });
  });

  test('a confirmation by the copy does not make a later damage of the copy count', () => {
    table.merge('routes', [document('a', 5, '"true"')], 'consul');
    table.merge('routes', [document('a', 5, '"true"')], 'redis');
    table.merge('routes', [document('a', 5, '"damaged"')], 'redis');
    expect(textOf('a')).toBe('"true"');
  });

  test('a repair of the copy reaches whoever knows the copy alone', () => {
    table.merge('routes', [document('a', 5, '"damaged"')], 'redis');
    table.merge('routes', [document('a', 5, '"true"')], 'redis');
    expect(textOf('a')).toBe('"true"');
  });

  test('a confirmation changes the source and nothing else', () => {
    table.merge('routes', [document('a', 5)], 'snapshot');
    expect(table.merge('routes', [document('a', 5)], 'redis').changed).toEqual([]);
    expect(table.get('routes', 'a')?.source).toBe('redis');
  });

  test('a document that a listing lacks stays; one that it deletes goes', () => {
    table.merge('routes', [document('a', 1), document('b', 2)], 'consul');
    table.merge('routes', [deleted('b', 3)], 'consul');
    expect(live()).toEqual(['a']);
  });

  test('a deletion is forgotten when the authority forgot it, and not when the copy did', () => {
    table.merge('routes', [deleted('a', 3)], 'consul');
    table.merge('routes', [], 'redis');
    expect(table.get('routes', 'a')).toBeDefined();
    table.merge('routes', [], 'consul');
    expect(table.get('routes', 'a')).toBeUndefined();
  });

  test.each([
    { title: 'an empty listing', listing: [] },
    { title: 'deletions of two of five', listing: ['a', 'b'].map((key) => deleted(key, 9)) },
    { title: 'a listing of two of five', listing: ['a', 'b'].map((key) => document(key, 9)) },
  ])('$title is held, and none of it counts', ({ listing }) => {
    table.merge(
      'routes',
      ['a', 'b', 'c', 'd', 'e'].map((key, at) => document(key, at)),
      'consul',
    );
    const rest =
      listing.length === 0 || listing[0]?.text !== undefined
        ? []
        : ['c', 'd', 'e'].map((key) => document(key, 9));
    expect(table.merge('routes', [...listing, ...rest], 'consul')).toEqual({ changed: [], held: true });
    expect(live()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(textOf('a')).toBe('"a0"');
  });

  test('one of four may go at once', () => {
    const four = ['a', 'b', 'c', 'd'].map((key) => document(key, 1));
    table.merge('routes', four, 'consul');
    expect(table.merge('routes', [...four.slice(1), deleted('a', 2)], 'consul').held).toBe(false);
    expect(live()).toEqual(['b', 'c', 'd']);
  });

  test('what was deleted while the process was down goes, though it is much of the family', () => {
    const four = ['a', 'b', 'c', 'd'].map((key) => document(key, 1));
    table.merge('routes', four, 'snapshot');
    const now = [document('a', 1), ...['b', 'c', 'd'].map((key) => deleted(key, 2))];
    expect(table.merge('routes', now, 'consul').held).toBe(false);
    expect(live()).toEqual(['a']);
  });
});
