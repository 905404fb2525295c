/**
 * What the sections of a frame say. Drawn in docs/formats/wal.md.
 *
 *     segments  per segment in use besides this one: u64 number | u64 bytes used
 *     dropped   u64 number of each segment that nothing needs any more
 *     removed   no body: the group is gone
 *     snapshot  u64 index | u64 term | u32 flags | u32 0 | 4 × (u32 count | u32 0 | u64 node ids)
 *     state     u64 term | u64 vote | u64 commit | u64 start index | u64 start term | u64 last index
 *     moved     as entries, of a section that stood in an older segment
 *     entries   u64 first index | u64 term | u32 count | u32 0 | per entry: u32 bytes and type | data
 *
 * Within a frame they stand in this order, so that reading them forward gives the state: what is gone goes
 * first, entries come last.
 */
import { assert, Fault } from '@ringwatch/kernel';
import type { ConfState, Entry, EntryType, HardState, Snapshot } from '@ringwatch/raft';
import { u64At, type FrameWriter, type Section } from './wal-frame.ts';

export const SECTION = {
  segments: 1,
  dropped: 2,
  removed: 3,
  snapshot: 4,
  state: 5,
  moved: 6,
  entries: 7,
} as const;

/** Entries are cut into sections of about this size: the least that is read back for one entry. */
export const SECTION_BYTES_MAX = 64 * 1024;
/** Sections about the log itself carry this group. */
export const NO_GROUP = 0;
/** What an entry takes in a section besides its data. */
export const ENTRY_HEADER_BYTES = 4;
const ENTRIES_HEADER_BYTES = 24;
const AUTO_LEAVE = 1;

/** A snapshot without its data, which lies in a file of its own. */
export type SnapshotMeta = Omit<Snapshot, 'data'>;

/** The position before the first entry of a log. */
export interface LogStart {
  readonly index: number;
  readonly term: number;
}

/** A group's numbers. */
export interface GroupState {
  readonly hardState: HardState;
  readonly start: LogStart;
  /** Last index of the log; `start.index` when it is empty. */
  readonly lastIndex: number;
}

/** A segment in use and how far it is written. */
export interface SegmentUse {
  readonly number: number;
  readonly usedBytes: number;
}

/** What is known of entries without reading them one by one. */
export interface EntriesHeader {
  readonly first: number;
  readonly term: number;
  readonly count: number;
}

// The type of an entry takes the two highest bits beside its length.
const TYPES: readonly EntryType[] = ['EntryNormal', 'EntryConfChange', 'EntryConfChangeV2'];
const TYPE_CODES: Readonly<Record<EntryType, number>> = {
  EntryNormal: 0,
  EntryConfChange: 1,
  EntryConfChangeV2: 2,
};
const LENGTH_BITS = 30;
/** Longest data of an entry, bytes. */
export const ENTRY_DATA_BYTES_MAX = 2 ** LENGTH_BITS - 1;

export function writeSegments(frame: FrameWriter, segments: readonly SegmentUse[]): void {
  frame.beginSection(NO_GROUP, SECTION.segments);
  for (const { number, usedBytes } of segments) {
    frame.u64(number);
    frame.u64(usedBytes);
  }
  frame.endSection();
}

export function readSegments(bytes: Buffer, section: Section): SegmentUse[] {
  return Array.from({ length: section.bodyBytes / 16 }, (_, i) => ({
    number: u64At(bytes, section.bodyAt + i * 16),
    usedBytes: u64At(bytes, section.bodyAt + i * 16 + 8),
  }));
}

export function writeDropped(frame: FrameWriter, segments: readonly Pick<SegmentUse, 'number'>[]): void {
  frame.beginSection(NO_GROUP, SECTION.dropped);
  for (const { number } of segments) frame.u64(number);
  frame.endSection();
}

export function readDropped(bytes: Buffer, section: Section): number[] {
  return Array.from({ length: section.bodyBytes / 8 }, (_, i) => u64At(bytes, section.bodyAt + i * 8));
}

export function writeRemoved(frame: FrameWriter, group: number): void {
  frame.beginSection(group, SECTION.removed);
  frame.endSection();
}

export function writeSnapshot(
  frame: FrameWriter,
  group: number,
  { index, term, confState }: SnapshotMeta,
): void {
  frame.beginSection(group, SECTION.snapshot);
  frame.u64(index);
  frame.u64(term);
  frame.u32(confState.autoLeave ? AUTO_LEAVE : 0);
  frame.u32(0);
  const { voters, votersOutgoing, learners, learnersNext } = confState;
  for (const ids of [voters, votersOutgoing, learners, learnersNext]) {
    frame.u32(ids.length);
    frame.u32(0);
    for (const id of ids) frame.u64(id);
  }
  frame.endSection();
}

export function readSnapshot(bytes: Buffer, { bodyAt }: Section): SnapshotMeta {
  let at = bodyAt + 24;
  const ids = (): number[] => {
    const count = bytes.readUInt32LE(at);
    const read = Array.from({ length: count }, (_, i) => u64At(bytes, at + 8 + i * 8));
    at += 8 + count * 8;
    return read;
  };
  const [voters, votersOutgoing, learners, learnersNext] = [ids(), ids(), ids(), ids()];
  const autoLeave = (bytes.readUInt32LE(bodyAt + 16) & AUTO_LEAVE) !== 0;
  const confState: ConfState = { voters, votersOutgoing, learners, learnersNext, autoLeave };
  return { index: u64At(bytes, bodyAt), term: u64At(bytes, bodyAt + 8), confState };
}

export function writeState(
  frame: FrameWriter,
  group: number,
  { hardState, start, lastIndex }: GroupState,
): void {
  frame.beginSection(group, SECTION.state);
  frame.u64(hardState.term);
  frame.u64(hardState.vote);
  frame.u64(hardState.commit);
  frame.u64(start.index);
  frame.u64(start.term);
  frame.u64(lastIndex);
  frame.endSection();
}

export function readState(bytes: Buffer, { bodyAt: at }: Section): GroupState {
  return {
    hardState: { term: u64At(bytes, at), vote: u64At(bytes, at + 8), commit: u64At(bytes, at + 16) },
    start: { index: u64At(bytes, at + 24), term: u64At(bytes, at + 32) },
    lastIndex: u64At(bytes, at + 40),
  };
}

/**
 * Writes one section: as many of `entries` from `from` on as share a term and fit {@link SECTION_BYTES_MAX},
 * at least one. Returns the position after the last one written.
 */
export function writeEntries(
  frame: FrameWriter,
  group: number,
  kind: number,
  entries: readonly Entry[],
  from: number,
): number {
  const { index, term } = entries[from] as Entry;
  let to = from;
  let bytes = 0;
  while (to < entries.length) {
    const entry = entries[to] as Entry;
    bytes += ENTRY_HEADER_BYTES + entry.data.length;
    if (entry.term !== term || (to > from && bytes > SECTION_BYTES_MAX)) break;
    to++;
  }
  frame.beginSection(group, kind);
  frame.u64(index);
  frame.u64(term);
  frame.u32(to - from);
  frame.u32(0);
  for (let i = from; i < to; i++) {
    const { type, data } = entries[i] as Entry;
    assert(data.length <= ENTRY_DATA_BYTES_MAX, 'the data of an entry fits its length field');
    frame.u32(((TYPE_CODES[type] << LENGTH_BITS) | data.length) >>> 0);
    frame.data(data);
  }
  return to;
}

export function readEntriesHeader(bytes: Buffer, { bodyAt }: Section): EntriesHeader {
  return {
    first: u64At(bytes, bodyAt),
    term: u64At(bytes, bodyAt + 8),
    count: bytes.readUInt32LE(bodyAt + 16),
  };
}

/** The entries of a section with indices in [from, to); their data shares memory with `bytes`. */
export function readEntries(bytes: Buffer, section: Section, from: number, to: number): Entry[] {
  const { first, term, count } = readEntriesHeader(bytes, section);
  const entries: Entry[] = [];
  const end = Math.min(first + count, to);
  let at = section.bodyAt + ENTRIES_HEADER_BYTES;
  for (let index = first; index < end; index++) {
    const word = bytes.readUInt32LE(at);
    const length = word & ENTRY_DATA_BYTES_MAX;
    at += ENTRY_HEADER_BYTES;
    if (index >= from) {
      const data = bytes.subarray(at, at + length);
      entries.push({ term, index, type: typeOf(word >>> LENGTH_BITS), data });
    }
    at += length;
  }
  return entries;
}

function typeOf(code: number): EntryType {
  const type = TYPES[code];
  if (type === undefined) throw new Fault('unimplemented', `entry type ${code} is unknown`);
  return type;
}
