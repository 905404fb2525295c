import { Fault } from '@ringwatch/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../byte-writer.ts';
import {
  beginFrame,
  checkClusterId,
  endFrame,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  FRAME_KINDS,
  FrameReader,
  readAnswer,
  readHello,
  writeHello,
  type FrameKind,
  type Hello,
} from './peer-frame.ts';

interface Frame {
  readonly kind: FrameKind;
  readonly body: Uint8Array;
}

const KINDS = Object.keys(FRAME_KINDS) as FrameKind[];
const frame: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constantFrom(...KINDS),
  body: fc.uint8Array({ maxLength: 40 }),
});
const frames = fc.array(frame, { maxLength: 6 });
const hello: Hello = { lane: 'append', clusterId: 'ålesund', from: 3, to: 2 ** 40 };

describe('peer frames', () => {
  test('come out as they went in, however the connection cuts them up', () => {
    const cuts = fc.array(fc.nat(300), { maxLength: 12 });
    fc.assert(
      fc.property(frames, cuts, (written, cuts) => {
        const bytes = encode(written);
        const at = [0, ...cuts.filter((cut) => cut <= bytes.length), bytes.length].toSorted((a, b) => a - b);
        const pieces = at.slice(1).map((to, i) => bytes.subarray(at[i], to));
        expect(read(pieces)).toEqual(written.map(({ kind, body }) => ({ kind, body: [...body] })));
      }),
    );
  });

  test('end in a fault or in other frames, never in another error, whatever bits are flipped', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (written, place) => {
        const bytes = encode(written);
        fc.pre(bytes.length > 0);
        const at = (place >>> 3) % bytes.length;
        bytes[at] = (bytes[at] as number) ^ (1 << (place & 7));
        try {
          read([bytes]);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('of another version are refused before their body has come', () => {
    const bytes = encode([{ kind: 'chunk', body: new Uint8Array(10) }]);
    bytes[4] = 2;
    expect(() => read([bytes.subarray(0, FRAME_HEADER_BYTES)])).toThrow(
      expect.objectContaining({ code: 'unimplemented', reason: 'peer_version_unknown' }),
    );
  });

  test('that claim to be too long are refused before their body has come', () => {
    const bytes = encode([{ kind: 'chunk', body: new Uint8Array(0) }]);
    bytes.writeUInt32LE(FRAME_BYTES_MAX + 1);
    expect(() => read([bytes])).toThrow(expect.objectContaining({ code: 'data_loss' }));
  });

  test('a hello says who dials whom, for what and in which cluster', () => {
    const writer = new ByteWriter();
    writeHello(writer, hello);
    expect(readHello(Buffer.from(writer.bytes.subarray(FRAME_HEADER_BYTES)))).toEqual(hello);
  });

  test('a hello that is cut short or goes on is a fault', () => {
    const writer = new ByteWriter();
    writeHello(writer, hello);
    const body = writer.bytes.subarray(FRAME_HEADER_BYTES);
    for (let length = 0; length < body.length; length++) {
      expect(() => readHello(body.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'data_loss' }),
      );
    }
    expect(() => readHello(Buffer.concat([body, Buffer.from([0])]))).toThrow(Fault);
  });

  test.each([[[]], [[5]], [[0, 0]]])('%j is no answer', (bytes) => {
    expect(() => readAnswer(Buffer.from(bytes))).toThrow(expect.objectContaining({ code: 'data_loss' }));
  });

  test.each(['', 'x'.repeat(256), 'é'.repeat(128)])('%j cannot name a cluster', (clusterId) => {
    expect(() => checkClusterId(clusterId)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});

function encode(written: readonly Frame[]): Buffer {
  const writer = new ByteWriter();
  for (const { kind, body } of written) {
    const at = beginFrame(writer, kind);
    writer.data(body);
    endFrame(writer, at);
  }
  return Buffer.from(writer.bytes);
}

function read(pieces: readonly Buffer[]): { kind: FrameKind; body: number[] }[] {
  const seen: { kind: FrameKind; body: number[] }[] = [];
  const reader = new FrameReader((kind, body) => void seen.push({ kind, body: [...body] }), FRAME_BYTES_MAX);
  for (const piece of pieces) reader.push(piece);
  return seen;
}
