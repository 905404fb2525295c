/**
 * Changes of a group's membership, as proposals carry them: one node at a time (`ConfChange`, Raft thesis
 * §4.1) or several through a joint configuration (`ConfChangeV2`, §4.3).
 *
 *     v1   u8 type | u53 node | context
 *     v2   u8 transition | u8 changes | per change: u8 type, u53 node | context
 *
 * A u53 is 8 bytes, little-endian. A v2 without any byte leaves the joint configuration.
 */
import { Fault } from '@ringwatch/kernel';
import { NO_DATA, type Entry, type NodeId } from './message.ts';

export type ConfChangeType =
  | 'ConfChangeAddNode'
  | 'ConfChangeRemoveNode'
  | 'ConfChangeUpdateNode'
  | 'ConfChangeAddLearnerNode';

export interface ConfChangeSingle {
  readonly type: ConfChangeType;
  readonly nodeId: NodeId;
}

/** One change of one node. */
export interface ConfChange extends ConfChangeSingle {
  readonly kind: 'v1';
  /** The application's, handed back when the change is applied. */
  readonly context: Uint8Array;
}

/**
 * How a change goes through: `auto` takes a joint configuration only for more than one change and leaves it
 * by itself; `implicit` always takes one and leaves it by itself; `explicit` waits for an empty change.
 */
export type Transition = 'auto' | 'implicit' | 'explicit';

/** Changes that take effect together. */
export interface ConfChangeV2 {
  readonly kind: 'v2';
  readonly transition: Transition;
  readonly changes: readonly ConfChangeSingle[];
  readonly context: Uint8Array;
}

/** Ends a joint configuration. */
export const LEAVE_JOINT: ConfChangeV2 = { kind: 'v2', transition: 'auto', changes: [], context: NO_DATA };

const TYPES: readonly ConfChangeType[] = [
  'ConfChangeAddNode',
  'ConfChangeRemoveNode',
  'ConfChangeUpdateNode',
  'ConfChangeAddLearnerNode',
];
const TRANSITIONS: readonly Transition[] = ['auto', 'implicit', 'explicit'];
const CHANGE_BYTES = 9;
const CHANGES_MAX = 255;

/** The changes that a proposal of either kind asks for. */
export function asV2(change: ConfChange | ConfChangeV2): ConfChangeV2 {
  if (change.kind === 'v2') return change;
  const { type, nodeId, context } = change;
  return { kind: 'v2', transition: 'auto', changes: [{ type, nodeId }], context };
}

/** True when the change ends a joint configuration; its context does not matter. */
export function leavesJoint(change: ConfChangeV2): boolean {
  return change.transition === 'auto' && change.changes.length === 0;
}

/** Whether the change enters a joint configuration, and if so whether that one ends by itself. */
export function entersJoint(change: ConfChangeV2): { readonly autoLeave: boolean } | undefined {
  if (change.transition === 'auto' && change.changes.length <= 1) return undefined;
  return { autoLeave: change.transition !== 'explicit' };
}

/**
 * The change as an entry's type and data.
 * @throws {Fault} `invalid_argument`: over 255 nodes, no id, or no change at all.
 */
export function encodeConfChange(change: ConfChange | ConfChangeV2): Pick<Entry, 'type' | 'data'> {
  if (change.kind === 'v1') {
    const data = new Uint8Array(CHANGE_BYTES + change.context.length);
    putChange(data, 0, change);
    data.set(change.context, CHANGE_BYTES);
    return { type: 'EntryConfChange', data };
  }
  if ((change as { readonly kind?: unknown }).kind !== 'v2' || !TRANSITIONS.includes(change.transition)) {
    throw new Fault('invalid_argument', 'a change is of kind v1, or of kind v2 with a transition');
  }
  const { changes, context, transition } = change;
  if (leavesJoint(change) && context.length === 0) return { type: 'EntryConfChangeV2', data: NO_DATA };
  if (changes.length > CHANGES_MAX) {
    throw new Fault('invalid_argument', `${changes.length} changes at once; at most ${CHANGES_MAX}`);
  }
  const data = new Uint8Array(2 + changes.length * CHANGE_BYTES + context.length);
  data[0] = TRANSITIONS.indexOf(transition);
  data[1] = changes.length;
  for (const [i, single] of changes.entries()) putChange(data, 2 + i * CHANGE_BYTES, single);
  data.set(context, 2 + changes.length * CHANGE_BYTES);
  return { type: 'EntryConfChangeV2', data };
}

/**
 * The change that an entry carries; undefined for a normal entry.
 * @throws {Fault} `data_loss` when the bytes are not a change.
 */
export function decodeConfChange(entry: Pick<Entry, 'type' | 'data'>): ConfChange | ConfChangeV2 | undefined {
  const { data } = entry;
  switch (entry.type) {
    case 'EntryNormal':
      return undefined;
    case 'EntryConfChange':
      return { kind: 'v1', ...changeAt(data, 0), context: data.subarray(CHANGE_BYTES) };
    case 'EntryConfChangeV2': {
      if (data.length === 0) return LEAVE_JOINT;
      const transition = TRANSITIONS[data[0] as number];
      const count = data[1];
      if (transition === undefined || count === undefined) throw malformed();
      const changes = Array.from({ length: count }, (_, i) => changeAt(data, 2 + i * CHANGE_BYTES));
      return { kind: 'v2', transition, changes, context: data.subarray(2 + count * CHANGE_BYTES) };
    }
  }
}

function putChange(data: Uint8Array, at: number, { type, nodeId }: ConfChangeSingle): void {
  if (!Number.isSafeInteger(nodeId) || nodeId < 0) {
    throw new Fault('invalid_argument', `${nodeId} cannot be a node's id`);
  }
  if (!TYPES.includes(type)) throw new Fault('invalid_argument', `${type} is no change of the members`);
  const view = new DataView(data.buffer, data.byteOffset);
  view.setUint8(at, TYPES.indexOf(type));
  view.setBigUint64(at + 1, BigInt(nodeId), true);
}

function changeAt(data: Uint8Array, at: number): ConfChangeSingle {
  const type = TYPES[data[at] ?? TYPES.length];
  if (type === undefined || data.length < at + CHANGE_BYTES) throw malformed();
  const view = new DataView(data.buffer, data.byteOffset);
  const nodeId = Number(view.getBigUint64(at + 1, true));
  if (!Number.isSafeInteger(nodeId)) throw malformed();
  return { type, nodeId };
}

function malformed(): Fault {
  return new Fault('data_loss', 'an entry does not hold the membership change that it says it does');
}
