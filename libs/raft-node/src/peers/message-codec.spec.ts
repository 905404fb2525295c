import { Fault } from '@ringwatch/kernel';
import { newMessage, type Message, type MessageType } from '@ringwatch/raft';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../byte-writer.ts';
import { decodeMessages, encodeMessage } from './message-codec.ts';
import type { GroupMessage } from './peer-transport.ts';

const SENT = [
  'MsgProp',
  'MsgApp',
  'MsgAppResp',
  'MsgVote',
  'MsgVoteResp',
  'MsgSnap',
  'MsgHeartbeat',
  'MsgHeartbeatResp',
  'MsgTransferLeader',
  'MsgTimeoutNow',
  'MsgReadIndex',
  'MsgReadIndexResp',
  'MsgPreVote',
  'MsgPreVoteResp',
] as const satisfies readonly MessageType[];
const KEPT = [
  'MsgHup',
  'MsgBeat',
  'MsgUnreachable',
  'MsgSnapStatus',
  'MsgCheckQuorum',
  'MsgForgetLeader',
  'MsgStorageAppend',
  'MsgStorageAppendResp',
  'MsgStorageApply',
  'MsgStorageApplyResp',
] as const satisfies readonly MessageType[];

const FROM = 3;
const TO = 7;

// Small and large numbers alike: a varint changes its shape at every seven bits.
const whole = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.constant(0), fc.constant(Number.MAX_SAFE_INTEGER));
const bytes = fc.uint8Array({ maxLength: 300 });
const ids = fc.array(whole, { maxLength: 5 });
const entry = fc.record({
  term: whole,
  index: whole,
  type: fc.constantFrom('EntryNormal', 'EntryConfChange', 'EntryConfChangeV2'),
  data: bytes,
});
const snapshot = fc.record({
  index: whole,
  term: whole,
  confState: fc.record({
    voters: ids,
    votersOutgoing: ids,
    learners: ids,
    learnersNext: ids,
    autoLeave: fc.boolean(),
  }),
  data: bytes,
});
const message: fc.Arbitrary<Message> = fc.record({
  type: fc.constantFrom(...SENT),
  from: fc.oneof(fc.constant(FROM), whole),
  to: fc.oneof(fc.constant(TO), whole),
  term: whole,
  logTerm: whole,
  index: whole,
  entries: fc.array(entry, { maxLength: 5 }),
  commit: whole,
  vote: whole,
  snapshot: fc.option(snapshot, { nil: undefined }),
  reject: fc.boolean(),
  rejectHint: whole,
  transfer: fc.boolean(),
  readRound: whole,
  responses: fc.constant([]),
});
const batch: fc.Arbitrary<GroupMessage[]> = fc.array(fc.record({ group: whole, message }), { maxLength: 4 });

describe('message codec', () => {
  test('gives back every message as it was', () => {
    fc.assert(
      fc.property(batch, (messages) => {
        expect(plain(decodeMessages(encode(messages), FROM, TO))).toEqual(plain(messages));
      }),
    );
  });

  test('never ends in anything but whole messages or a fault, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(batch, (messages) => {
        const encoded = encode(messages);
        for (let length = 0; length < encoded.length; length++) {
          const decoded = decodedOrFault(encoded.subarray(0, length));
          if (decoded === undefined) continue;
          // A cut between two messages cannot be told from an end; the frame's length tells it.
          expect(plain(decoded)).toEqual(plain(messages.slice(0, decoded.length)));
        }
      }),
      { numRuns: 50 },
    );
  });

  test('never ends in anything but well-formed messages or a fault, whatever bits are flipped', () => {
    const flips = fc.array(fc.nat(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(batch, flips, (messages, places) => {
        const altered = encode(messages);
        fc.pre(altered.length > 0);
        for (const place of places) {
          const at = (place >>> 3) % altered.length;
          altered[at] = (altered[at] as number) ^ (1 << (place & 7));
        }
        expect((decodedOrFault(altered) ?? []).filter(isIllFormed)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('never ends in anything but well-formed messages or a fault on bytes of no origin', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        expect((decodedOrFault(Buffer.from(noise)) ?? []).filter(isIllFormed)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a heartbeat of one of many groups takes at most a dozen bytes', () => {
    const heartbeat = newMessage('MsgHeartbeat', FROM, TO, 12);
    heartbeat.commit = 5_000_000_000;
    expect(encode([{ group: 300, message: heartbeat }]).length).toBeLessThanOrEqual(12);
  });

  test('an entry that continues the log takes three bytes more than its data', () => {
    const append = (count: number): number => {
      const app = newMessage('MsgApp', FROM, TO, 12);
      app.index = 1_000_000;
      const data = new Uint8Array(256);
      const entryAt = (i: number) => ({ term: 12, index: 1_000_001 + i, type: 'EntryNormal' as const, data });
      app.entries = Array.from({ length: count }, (_, i) => entryAt(i));
      return encode([{ group: 1, message: app }]).length;
    };
    expect(append(101) - append(1)).toBe(100 * (256 + 3));
  });

  test('entry data share the memory of the frame', () => {
    const app = newMessage('MsgApp', FROM, TO, 1);
    app.entries = [{ term: 1, index: 1, type: 'EntryNormal', data: Buffer.from('shared') }];
    const frame = encode([{ group: 1, message: app }]);
    const [decoded] = decodeMessages(frame, FROM, TO);
    expect(decoded?.message.entries[0]?.data.buffer).toBe(frame.buffer);
  });

  test('a count that its bytes cannot hold claims no memory', () => {
    // MsgApp, the flag of entries alone, group 1, and a count of 2^53 - 1.
    const claim = Buffer.from([2, 16, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    expect(() => decodeMessages(claim, FROM, TO)).toThrow(expect.objectContaining({ code: 'data_loss' }));
  });

  test('a number above 2^53 - 1 is refused', () => {
    const number = Buffer.from([2, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]);
    expect(() => decodeMessages(number, FROM, TO)).toThrow(expect.objectContaining({ code: 'data_loss' }));
  });

  test.each(KEPT)('%s never leaves its node', (type) => {
    expect(() => encode([{ group: 1, message: newMessage(type, FROM, TO) }])).toThrow('stays there');
  });
});

function encode(messages: readonly GroupMessage[]): Buffer {
  const writer = new ByteWriter();
  for (const { group, message } of messages) encodeMessage(writer, FROM, TO, group, message);
  return Buffer.from(writer.bytes);
}

/** The messages, or undefined when decoding says in the one way it may that there are none. */
function decodedOrFault(bytes: Buffer): GroupMessage[] | undefined {
  try {
    return decodeMessages(bytes, FROM, TO);
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    expect(error).toMatchObject({ code: 'data_loss', reason: 'peer_frame_malformed' });
    return undefined;
  }
}

/** The same with all bytes as plain arrays: a `Buffer` is not a `Uint8Array` to the comparison. */
function plain(messages: readonly GroupMessage[]): unknown {
  return JSON.parse(JSON.stringify(messages, (_, value) => (isBytes(value) ? [...bytesOf(value)] : value)));
}

function isBytes(value: unknown): value is Uint8Array | { type: 'Buffer'; data: number[] } {
  // `JSON.stringify` shows a Buffer to the replacer as what its own `toJSON` made of it.
  return value instanceof Uint8Array || (value as { type?: unknown } | null)?.type === 'Buffer';
}

function bytesOf(value: Uint8Array | { data: number[] }): Iterable<number> {
  return value instanceof Uint8Array ? value : value.data;
}

/** True unless the message has the shape of one that was sent, whatever it says. */
function isIllFormed({ group, message }: GroupMessage): boolean {
  const { from, to, term, logTerm, index, commit, vote, rejectHint, readRound, entries } = message;
  const numbers = [group, from, to, term, logTerm, index, commit, vote, rejectHint, readRound];
  for (const { term, index, data } of entries) numbers.push(term, index, data.length);
  const isSent = SENT.some((type) => type === message.type) && message.responses.length === 0;
  return !isSent || !numbers.every((number) => Number.isSafeInteger(number) && number >= 0);
}
