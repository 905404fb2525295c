/**
 * Rewrites small live remains of old segments forward, so that a group which writes nothing does not keep a
 * whole segment alive. What a group's remains cost is bounded per step; a segment that is mostly needed
 * stays.
 */
import type { Entry } from '@ringwatch/raft';
import type { GroupLog } from './group-log.ts';
import { readRuns } from './run-reader.ts';
import type { WalSegment } from './wal-segment.ts';

/** Most bytes that one step rewrites. */
export const MOVE_BYTES_MAX = 1024 * 1024;
/**
 * A segment is rewritten when no more than this share of it is needed: the move frees far more than it takes.
 */
const MOVE_SHARE = 1 / 16;

/** Entries of one group to be written again; each list has consecutive indices. */
export interface Move {
  readonly group: GroupLog;
  readonly lists: readonly (readonly Entry[])[];
}

/** The oldest of `segments` whose remains are small enough to be moved. */
export function movable(segments: readonly WalSegment[], segmentBytes: number): WalSegment | undefined {
  const limitBytes = Math.min(MOVE_BYTES_MAX, segmentBytes * MOVE_SHARE);
  return segments.find((segment) => !segment.isFree && segment.liveBytes <= limitBytes);
}

/** Reads what `groups` need of `segment`. @throws {Fault} `data_loss` when that is damaged. */
export function readMoves(segment: WalSegment, groups: ReadonlyMap<number, GroupLog>): Move[] {
  const moves: Move[] = [];
  for (const id of segment.groups) {
    const group = groups.get(id);
    if (group === undefined) continue;
    const lists = rangesIn(segment, group).map(({ from, to }) => readRange(segment, group, from, to));
    if (lists.length > 0) moves.push({ group, lists });
  }
  return moves;
}

/** The ranges [from, to) of indices that a group has in `segment`. */
function rangesIn(segment: WalSegment, { runs }: GroupLog): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (let i = 0; i < runs.length; i++) {
    if (runs.segmentOf(i) !== segment.number) continue;
    const { first, last } = runs.run(i);
    const before = ranges.at(-1);
    if (before?.to === first) before.to = last + 1;
    else ranges.push({ from: first, to: last + 1 });
  }
  return ranges;
}

function readRange(segment: WalSegment, group: GroupLog, from: number, to: number): Entry[] {
  const entries: Entry[] = [];
  for (let index = from; index < to; index = from + entries.length)
    for (const entry of readRuns(group.runs, () => segment, group.id, index, to, Infinity))
      entries.push(entry);
  return entries;
}
