import { describe, expect, test } from 'vitest';
import { FRAME_HEADER_BYTES, frameAt, FrameWriter, hasFrameAfter, sectionAt } from './wal-frame.ts';

const SALT = 0x1234_5679;

/** A frame at `offset` with one section per text. */
function frameOf(texts: readonly string[], offset = 0, { salt = SALT, number = 7 } = {}): Buffer {
  const writer = new FrameWriter();
  writer.begin(salt);
  for (const [i, text] of texts.entries()) {
    writer.beginSection(i + 1, 3);
    writer.data(Buffer.from(text));
    writer.endSection();
  }
  return Buffer.from(writer.finish(number, offset));
}

describe('frame', () => {
  test('gives back its sections, number and size', () => {
    const bytes = frameOf(['a', '', 'sixteen bytes ..']);
    const frame = frameAt(bytes, 0, SALT);
    expect(frame).toMatchObject({ at: 0, number: 7, sizeBytes: bytes.length });
    const bodies = frame?.sections.map(({ bodyAt, bodyBytes }) =>
      bytes.toString('latin1', bodyAt, bodyAt + bodyBytes),
    );
    expect(bodies).toEqual(['a', '', 'sixteen bytes ..']);
    expect(frame?.sections.map(({ group, kind }) => [group, kind])).toEqual(
      [1, 2, 3].map((group) => [group, 3]),
    );
  });

  test('keeps numbers beyond 32 bits', () => {
    const number = 2 ** 52 + 3;
    expect(frameAt(frameOf(['a'], 0, { number }), 0, SALT)?.number).toBe(number);
  });

  test('is void when any one bit of it differs', () => {
    const bytes = frameOf(['some text', 'more']);
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        expect([at, bit, frameAt(bytes, 0, SALT)]).toEqual([at, bit, undefined]);
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
      }
    }
  });

  test('is void when it is cut short anywhere', () => {
    const bytes = frameOf(['some text', 'more']);
    for (let length = 0; length < bytes.length; length++)
      expect(frameAt(bytes.subarray(0, length), 0, SALT)).toBeUndefined();
  });

  test('is void under another salt, and at another offset than its own', () => {
    const bytes = frameOf(['text'], 64);
    expect(frameAt(bytes, 0, SALT)).toBeUndefined();
    const moved = Buffer.concat([Buffer.alloc(64), bytes]);
    expect(frameAt(moved, 64, SALT)).toBeDefined();
    expect(frameAt(moved, 64, SALT + 2)).toBeUndefined();
  });

  test('is void when a section of another frame stands in the place of its own', () => {
    const [one, other] = [frameOf(['aaaa', 'bbbb']), frameOf(['cccc', 'dddd'])];
    other.copy(one, FRAME_HEADER_BYTES, FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + 24);
    expect(sectionAt(one, FRAME_HEADER_BYTES, one.length, SALT)).toBeDefined();
    expect(frameAt(one, 0, SALT)).toBeUndefined();
  });

  test('is found behind damage, at multiples of 8', () => {
    const bytes = Buffer.concat([Buffer.alloc(40, 0xff), frameOf(['a'], 40)]);
    expect(hasFrameAfter(bytes, 0, SALT)).toBe(true);
    expect(hasFrameAfter(bytes, 40, SALT)).toBe(false);
  });

  test('is not seen in a section that spells one without knowing the salt', () => {
    const forged = Buffer.concat([Buffer.alloc(64 - 48), frameOf(['forged'], 64, { salt: 1 })]);
    const bytes = frameOf([forged.toString('latin1')]);
    expect(hasFrameAfter(bytes, 0, SALT)).toBe(false);
  });

  test('of more bytes than the buffer holds makes the writer grow, and the next one is small again', () => {
    const writer = new FrameWriter();
    for (const length of [3_000_000, 5]) {
      writer.begin(SALT);
      writer.beginSection(1, 1);
      writer.data(Buffer.alloc(length, 1));
      writer.endSection();
      const frame = frameAt(writer.finish(1, 0), 0, SALT);
      expect(frame?.sections[0]?.bodyBytes).toBe(length);
    }
  });
});
