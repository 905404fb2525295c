import fc from 'fast-check';
import { expect, test } from 'vitest';
import { justBefore } from './queries.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

test.each(['web-1', 'a', '\u0000', 'a\u0000', 'ü', '\ue000', '😀'])(
  '%j comes after the text just before it',
  (id) => {
    expect(Buffer.compare(bytes(justBefore(id)), bytes(id))).toBe(-1);
  },
);

test('nothing that people would name a host lies between', () => {
  const names = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(names, names, (id, other) => {
      const after = Buffer.compare(bytes(other), bytes(justBefore(id))) > 0;
      const before = Buffer.compare(bytes(other), bytes(id)) < 0;
      expect(after && before).toBe(false);
    }),
  );
});
