import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  asV2,
  decodeConfChange,
  encodeConfChange,
  LEAVE_JOINT,
  type ConfChange,
  type ConfChangeV2,
} from './conf-change.ts';
import { NO_DATA } from './message.ts';

const typeArb = fc.constantFrom(
  'ConfChangeAddNode' as const,
  'ConfChangeRemoveNode' as const,
  'ConfChangeUpdateNode' as const,
  'ConfChangeAddLearnerNode' as const,
);
const nodeArb = fc.oneof(fc.nat(9), fc.constant(Number.MAX_SAFE_INTEGER), fc.maxSafeNat());
const singleArb = fc.record({ type: typeArb, nodeId: nodeArb });
const contextArb = fc.uint8Array({ maxLength: 20 });
const changeArb: fc.Arbitrary<ConfChange | ConfChangeV2> = fc.oneof(
  fc.record({ kind: fc.constant('v1' as const), type: typeArb, nodeId: nodeArb, context: contextArb }),
  fc.record({
    kind: fc.constant('v2' as const),
    transition: fc.constantFrom('auto' as const, 'implicit' as const, 'explicit' as const),
    changes: fc.array(singleArb, { maxLength: 12 }),
    context: contextArb,
  }),
);

test('a change comes back from an entry as it was', () => {
  fc.assert(
    fc.property(changeArb, (change) => {
      expect(decodeConfChange(encodeConfChange(change))).toEqual(change);
    }),
  );
});

test('bytes that are no change are a loss of data, and nothing else', () => {
  const entryArb = fc.record({
    type: fc.constantFrom('EntryConfChange' as const, 'EntryConfChangeV2' as const),
    data: fc.uint8Array({ maxLength: 30 }),
  });
  fc.assert(
    fc.property(entryArb, (entry) => {
      try {
        const change = decodeConfChange(entry);
        if (change !== undefined) expect(encodeConfChange(change).data.length).toBeLessThanOrEqual(30);
      } catch (error) {
        expect(error).toMatchObject({ code: 'data_loss' });
      }
    }),
  );
});

test('a change that is cut off anywhere in its nodes is refused', () => {
  const change = { type: 'ConfChangeAddNode', nodeId: 300 } as const;
  const v1 = encodeConfChange({ kind: 'v1', ...change, context: NO_DATA });
  const v2 = encodeConfChange({
    kind: 'v2',
    transition: 'auto',
    changes: [change, change],
    context: NO_DATA,
  });
  for (const { type, data } of [v1, v2]) {
    for (let length = type === 'EntryConfChange' ? 0 : 1; length < data.length; length++) {
      expect(() => decodeConfChange({ type, data: data.subarray(0, length) })).toThrow(/\[data_loss\]/);
    }
  }
});

test('the bytes are these: they lie in logs', () => {
  const hex = (change: ConfChange | ConfChangeV2): string =>
    Buffer.from(encodeConfChange(change).data).toString('hex');
  const context = Uint8Array.of(0xaa);
  const single = { type: 'ConfChangeAddLearnerNode', nodeId: 0x0102 } as const;
  expect(hex({ kind: 'v1', ...single, context })).toBe('030201000000000000aa');
  expect(hex({ kind: 'v2', transition: 'explicit', changes: [single], context })).toBe(
    '0201030201000000000000aa',
  );
  expect(hex(LEAVE_JOINT)).toBe('');
});

test.each([-1, 1.5, Number.NaN, 2 ** 53])('%d cannot be a node of a change', (nodeId) => {
  const change = { kind: 'v1', type: 'ConfChangeAddNode', nodeId, context: NO_DATA } as const;
  expect(() => encodeConfChange(change)).toThrow(/\[invalid_argument\]/);
});

test('more than 255 nodes do not fit into one change', () => {
  const changes = Array.from({ length: 256 }, () => ({ type: 'ConfChangeAddNode', nodeId: 1 }) as const);
  expect(() => encodeConfChange({ ...LEAVE_JOINT, changes })).toThrow(/\[invalid_argument\]/);
});

test('a normal entry holds no change, and one of the first kind is one of the second', () => {
  expect(decodeConfChange({ type: 'EntryNormal', data: Uint8Array.of(1) })).toBeUndefined();
  const single = { type: 'ConfChangeRemoveNode', nodeId: 3 } as const;
  expect(asV2({ kind: 'v1', ...single, context: NO_DATA })).toEqual({ ...LEAVE_JOINT, changes: [single] });
});
