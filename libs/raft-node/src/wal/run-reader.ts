/**
 * Reads entries back from the segments. A section is read as a whole and its checksum looked at again: what a
 * disk garbled since the log was opened must not travel to other nodes.
 */
import type { Entry } from '@ringwatch/raft';
import type { Run, RunList } from './run-list.ts';
import { sectionAt } from './wal-frame.ts';
import { readEntries, readEntriesHeader, SECTION } from './wal-section.ts';
import type { WalSegment } from './wal-segment.ts';

/** Sections of one group that lie this close are fetched by one read, foreign bytes between them included. */
const GAP_BYTES_MAX = 4 * 1024;
/** Most bytes of one read that takes several sections. */
const SPAN_BYTES_MAX = 1024 * 1024;

/**
 * Entries of [from, to), at least the first and then until about `bytesMax`; all of them lie in `runs`.
 * @throws {Fault} `data_loss` when a section is damaged.
 */
export function readRuns(
  runs: RunList,
  segmentOf: (number: number) => WalSegment,
  group: number,
  from: number,
  to: number,
  bytesMax: number,
): Entry[] {
  const i = runs.find(from);
  const span = [runs.run(i)];
  for (let next = i + 1; next < runs.length; next++) {
    const run = runs.run(next);
    if (run.first >= to || !isNear(span, run, bytesMax)) break;
    span.push(run);
  }
  const [head, last] = [span[0] as Run, span.at(-1) as Run];
  const segment = segmentOf(head.segment);
  const bytes = segment.read(head.at, last.at + last.sizeBytes - head.at);
  const entries: Entry[] = [];
  for (const run of span) {
    const section = sectionAt(bytes, run.at - head.at, bytes.length, segment.salt);
    const isEntries = section?.kind === SECTION.entries || section?.kind === SECTION.moved;
    if (!isEntries || section.group !== group || section.sizeBytes !== run.sizeBytes)
      throw segment.corrupt(run.at, 'damaged entries');
    const { first, count } = readEntriesHeader(bytes, section);
    if (first > run.first || first + count <= run.last) throw segment.corrupt(run.at, 'other entries');
    for (const entry of readEntries(bytes, section, Math.max(from, run.first), Math.min(to, run.last + 1)))
      entries.push(entry);
  }
  return entries;
}

function isNear(span: readonly Run[], run: Run, bytesMax: number): boolean {
  const [head, last] = [span[0] as Run, span.at(-1) as Run];
  const gapBytes = run.at - (last.at + last.sizeBytes);
  const spanBytes = run.at + run.sizeBytes - head.at;
  return (
    run.segment === last.segment &&
    gapBytes >= 0 &&
    gapBytes <= GAP_BYTES_MAX &&
    spanBytes <= Math.min(SPAN_BYTES_MAX, Math.max(bytesMax, last.sizeBytes))
  );
}
