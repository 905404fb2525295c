/**
 * Messages of Raft as bytes. Drawn in docs/formats/peer-frames.md.
 *
 *     message   u8 type | varint flags | varint group | the fields that flags name, in the order of FLAGS
 *     entries   varint count | per entry: u8 flags | varint term? | varint index? | varint bytes | data
 *     snapshot  varint index | varint term | u8 auto-leave | 4 lists of varints, each after its count
 *               | varint bytes | data
 *
 * 1. A field that is zero, empty or false takes no bytes. Sender and receiver are those of the connection,
 *    unless flags say otherwise; an entry follows the one before it in index and term, unless its flags do.
 * 2. Messages of a node to itself are never written, and codes are never used again for another type.
 * 3. Decoded data share memory with the frame: nobody writes to it afterwards.
 * 4. Whatever the bytes are, decoding ends in messages or in a fault `peer_frame_malformed`. There is no
 *    checksum here: those of TCP and the link, later TLS, watch over the way, and one over each frame would
 *    cost as much as the codec itself.
 *
 * The hot path of every append: mutates the writer and the message that it builds, allocates little else.
 */
import { assert } from '@ringwatch/kernel';
import {
  newMessage,
  type ConfState,
  type Entry,
  type EntryType,
  type Message,
  type MessageType,
  type NodeId,
  type Snapshot,
} from '@ringwatch/raft';
import { ByteReader, malformed } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { GroupId, GroupMessage } from './peer-transport.ts';

/** Types by their code; the code of a type that stays in its node is 0. */
const CODES: Readonly<Record<MessageType, number>> = {
  MsgHup: 0,
  MsgBeat: 0,
  MsgUnreachable: 0,
  MsgSnapStatus: 0,
  MsgCheckQuorum: 0,
  MsgForgetLeader: 0,
  MsgStorageAppend: 0,
  MsgStorageAppendResp: 0,
  MsgStorageApply: 0,
  MsgStorageApplyResp: 0,
  MsgProp: 1,
  MsgApp: 2,
  MsgAppResp: 3,
  MsgVote: 4,
  MsgVoteResp: 5,
  MsgSnap: 6,
  MsgHeartbeat: 7,
  MsgHeartbeatResp: 8,
  MsgTransferLeader: 9,
  MsgTimeoutNow: 10,
  MsgReadIndex: 11,
  MsgReadIndexResp: 12,
  MsgPreVote: 13,
  MsgPreVoteResp: 14,
};
const TYPES: readonly (MessageType | undefined)[] = typesByCode();

/** Which fields follow; the first seven fit into one byte and are all that a usual message has. */
const FLAGS = {
  term: 1 << 0,
  index: 1 << 1,
  logTerm: 1 << 2,
  commit: 1 << 3,
  entries: 1 << 4,
  readRound: 1 << 5,
  reject: 1 << 6,
  rejectHint: 1 << 7,
  vote: 1 << 8,
  transfer: 1 << 9,
  snapshot: 1 << 10,
  from: 1 << 11,
  to: 1 << 12,
} as const;
const FLAGS_LIMIT = 1 << 13;

/** In an entry's flags: its type, and what it has besides its data. */
const ENTRY_TYPES: readonly EntryType[] = ['EntryNormal', 'EntryConfChange', 'EntryConfChangeV2'];
const ENTRY_TYPE_MASK = 3;
const ENTRY_TERM = 4;
const ENTRY_INDEX = 8;
const ENTRY_FLAGS_LIMIT = 16;
/** Flags and the length of no data. */
const ENTRY_BYTES_MIN = 2;

/** Writes one message of a group, from one process to another. */
export function encodeMessage(
  writer: ByteWriter,
  from: NodeId,
  to: NodeId,
  group: GroupId,
  message: Message,
): void {
  const code = CODES[message.type];
  assert(code !== 0 && message.responses.length === 0, 'a message of a node to itself stays there');
  const flags = flagsOf(message, from, to);
  writer.u8(code);
  writer.varint(flags);
  writer.varint(group);
  if ((flags & FLAGS.term) !== 0) writer.varint(message.term);
  if ((flags & FLAGS.index) !== 0) writer.varint(message.index);
  if ((flags & FLAGS.logTerm) !== 0) writer.varint(message.logTerm);
  if ((flags & FLAGS.commit) !== 0) writer.varint(message.commit);
  if ((flags & FLAGS.entries) !== 0) encodeEntries(writer, message);
  if ((flags & FLAGS.readRound) !== 0) writer.varint(message.readRound);
  if ((flags & FLAGS.rejectHint) !== 0) writer.varint(message.rejectHint);
  if ((flags & FLAGS.vote) !== 0) writer.varint(message.vote);
  if (message.snapshot !== undefined) encodeSnapshot(writer, message.snapshot);
  if ((flags & FLAGS.from) !== 0) writer.varint(message.from);
  if ((flags & FLAGS.to) !== 0) writer.varint(message.to);
}

/**
 * The messages that `bytes` are full of, from one process to another.
 * @throws {Fault} `data_loss`, reason `peer_frame_malformed`.
 */
export function decodeMessages(bytes: Buffer, from: NodeId, to: NodeId): GroupMessage[] {
  const reader = new ByteReader(bytes);
  const messages: GroupMessage[] = [];
  while (reader.left > 0) messages.push(decodeMessage(reader, from, to));
  return messages;
}

function decodeMessage(reader: ByteReader, from: NodeId, to: NodeId): GroupMessage {
  const type = TYPES[reader.u8()];
  if (type === undefined) throw malformed('a message of no known type');
  const flags = reader.varint();
  if (flags >= FLAGS_LIMIT) throw malformed('a message has unknown fields');
  const group = reader.varint();
  const message = newMessage(type, from, to);
  if ((flags & FLAGS.term) !== 0) message.term = reader.varint();
  if ((flags & FLAGS.index) !== 0) message.index = reader.varint();
  if ((flags & FLAGS.logTerm) !== 0) message.logTerm = reader.varint();
  if ((flags & FLAGS.commit) !== 0) message.commit = reader.varint();
  if ((flags & FLAGS.entries) !== 0) message.entries = decodeEntries(reader, message.term, message.index);
  if ((flags & FLAGS.readRound) !== 0) message.readRound = reader.varint();
  message.reject = (flags & FLAGS.reject) !== 0;
  if ((flags & FLAGS.rejectHint) !== 0) message.rejectHint = reader.varint();
  if ((flags & FLAGS.vote) !== 0) message.vote = reader.varint();
  message.transfer = (flags & FLAGS.transfer) !== 0;
  if ((flags & FLAGS.snapshot) !== 0) message.snapshot = decodeSnapshot(reader);
  if ((flags & FLAGS.from) !== 0) message.from = reader.varint();
  if ((flags & FLAGS.to) !== 0) message.to = reader.varint();
  return { group, message };
}

function flagsOf(message: Message, from: NodeId, to: NodeId): number {
  let flags = 0;
  if (message.term !== 0) flags |= FLAGS.term;
  if (message.index !== 0) flags |= FLAGS.index;
  if (message.logTerm !== 0) flags |= FLAGS.logTerm;
  if (message.commit !== 0) flags |= FLAGS.commit;
  if (message.entries.length > 0) flags |= FLAGS.entries;
  if (message.readRound !== 0) flags |= FLAGS.readRound;
  if (message.reject) flags |= FLAGS.reject;
  if (message.rejectHint !== 0) flags |= FLAGS.rejectHint;
  if (message.vote !== 0) flags |= FLAGS.vote;
  if (message.transfer) flags |= FLAGS.transfer;
  if (message.snapshot !== undefined) flags |= FLAGS.snapshot;
  if (message.from !== from) flags |= FLAGS.from;
  if (message.to !== to) flags |= FLAGS.to;
  return flags;
}

/** Entries usually continue the log behind the message's index, in its term. */
function encodeEntries(writer: ByteWriter, { entries, term, index }: Message): void {
  let lastTerm = term;
  let lastIndex = index;
  writer.varint(entries.length);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    let flags = ENTRY_TYPES.indexOf(entry.type);
    if (entry.term !== lastTerm) flags |= ENTRY_TERM;
    if (entry.index !== lastIndex + 1) flags |= ENTRY_INDEX;
    writer.u8(flags);
    if ((flags & ENTRY_TERM) !== 0) writer.varint(entry.term);
    if ((flags & ENTRY_INDEX) !== 0) writer.varint(entry.index);
    writer.varint(entry.data.length);
    writer.data(entry.data);
    lastTerm = entry.term;
    lastIndex = entry.index;
  }
}

function decodeEntries(reader: ByteReader, messageTerm: number, messageIndex: number): Entry[] {
  const entries: Entry[] = new Array<Entry>(reader.count(ENTRY_BYTES_MIN));
  let term = messageTerm;
  let index = messageIndex;
  for (let i = 0; i < entries.length; i++) {
    const flags = reader.u8();
    const type = ENTRY_TYPES[flags & ENTRY_TYPE_MASK];
    if (type === undefined || flags >= ENTRY_FLAGS_LIMIT) throw malformed('an entry of no known type');
    if ((flags & ENTRY_TERM) !== 0) term = reader.varint();
    index = (flags & ENTRY_INDEX) !== 0 ? reader.varint() : index + 1;
    if (index > Number.MAX_SAFE_INTEGER) throw malformed('a number is too large');
    entries[i] = { term, index, type, data: reader.data(reader.varint()) };
  }
  return entries;
}

function encodeSnapshot(writer: ByteWriter, { index, term, confState, data }: Snapshot): void {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = confState;
  writer.varint(index);
  writer.varint(term);
  writer.u8(autoLeave ? 1 : 0);
  for (const ids of [voters, votersOutgoing, learners, learnersNext]) {
    writer.varint(ids.length);
    for (const id of ids) writer.varint(id);
  }
  writer.varint(data.length);
  writer.data(data);
}

function decodeSnapshot(reader: ByteReader): Snapshot {
  const index = reader.varint();
  const term = reader.varint();
  const autoLeave = reader.u8();
  if (autoLeave > 1) throw malformed('a yes or no is neither');
  const confState: ConfState = {
    voters: decodeIds(reader),
    votersOutgoing: decodeIds(reader),
    learners: decodeIds(reader),
    learnersNext: decodeIds(reader),
    autoLeave: autoLeave === 1,
  };
  return { index, term, confState, data: reader.data(reader.varint()) };
}

function decodeIds(reader: ByteReader): NodeId[] {
  return Array.from({ length: reader.count(1) }, () => reader.varint());
}

function typesByCode(): (MessageType | undefined)[] {
  const types: (MessageType | undefined)[] = [];
  for (const [type, code] of Object.entries(CODES)) if (code !== 0) types[code] = type as MessageType;
  return types;
}
