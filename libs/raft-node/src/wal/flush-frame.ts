/** The frame of a flush: what is staged, of all groups, in the order in which it is to be replayed. */
import type { GroupLog } from './group-log.ts';
import type { SegmentChain } from './segment-chain.ts';
import type { FrameWriter } from './wal-frame.ts';
import type { Move } from './wal-moves.ts';
import { writeDropped, writeRemoved, writeSegments } from './wal-section.ts';
import type { WalSegment } from './wal-segment.ts';

/** What goes into a frame. */
export interface Staged {
  readonly chain: SegmentChain;
  /** All groups, and those with something staged. */
  readonly groups: Iterable<GroupLog>;
  readonly dirty: Iterable<GroupLog>;
  readonly removed: readonly GroupLog[];
  readonly moves: readonly Move[];
}

/** A frame and what it changes when it is durable. */
export interface FlushFrame {
  readonly segment: WalSegment;
  /** Valid until the writer begins the next frame. */
  readonly bytes: Buffer;
  /** Groups with entries or state in it. */
  readonly groups: ReadonlySet<GroupLog>;
  /** Segments that it says are dropped. */
  readonly dropped: readonly WalSegment[];
  readonly movedBytes: number;
}

/** Writes frame `number` for `segment`; the first one of a segment has the state of every group. */
export function buildFlushFrame(
  frame: FrameWriter,
  segment: WalSegment,
  number: number,
  { chain, groups: all, dirty, removed, moves }: Staged,
): FlushFrame {
  const isFirst = segment.isEmpty;
  const dropped = chain.free;
  const changed = isFirst ? [...all].filter(({ exists }) => exists) : [...dirty];
  const groups = new Set(changed);
  for (const { group } of moves) groups.add(group);
  frame.begin(segment.salt);
  if (isFirst) writeSegments(frame, chain.usesBeside(segment, dropped));
  else if (dropped.length > 0) writeDropped(frame, dropped);
  for (const { id } of removed) writeRemoved(frame, id);
  for (const group of groups) group.beginFrame();
  for (const group of changed) group.writeState(frame, isFirst);
  const movedFrom = frame.at;
  for (const { group, lists } of moves) for (const list of lists) group.writeMoved(frame, list);
  const movedBytes = frame.at - movedFrom;
  for (const group of changed) group.writeStaged(frame);
  return { segment, bytes: frame.finish(number, segment.usedBytes), groups, dropped, movedBytes };
}
