/**
 * Replays frames in order into the groups' images.
 *
 * 1. An entry's place is the last one that a frame gave it. Segments that nothing needs any more may be among
 *    the replayed ones or not: the first frame of every segment has the state of all groups, so what they
 *    said is corrected by a later segment.
 * 2. In the end every entry of every log has a place.
 */
import { assert, Fault } from '@ringwatch/kernel';
import { EMPTY_HARD_STATE } from '@ringwatch/raft';
import type { GroupImage } from '../wal/group-log.ts';
import { RunList } from '../wal/run-list.ts';
import type { FrameInfo, Section } from '../wal/wal-frame.ts';
import { readDropped, readEntriesHeader, readSnapshot, readState, SECTION } from '../wal/wal-section.ts';
import type { WalSegment } from '../wal/wal-segment.ts';

/** A group and the last frame that had its state. */
type Replaying = GroupImage & { stateIn: number };

export class FrameReplay {
  readonly groups = new Map<number, Replaying>();
  /** Numbers of segments that nothing needed any more. */
  readonly dropped = new Set<number>();

  apply(segment: WalSegment, bytes: Buffer, frame: FrameInfo): void {
    let isWhole = false;
    for (const section of frame.sections) {
      isWhole ||= section.kind === SECTION.segments;
      this.#applySection(segment, bytes, section, frame.number);
    }
    if (!isWhole) return;
    // Groups without a state in the first frame of a segment were removed before it.
    for (const [id, { stateIn }] of this.groups) if (stateIn !== frame.number) this.groups.delete(id);
  }

  /** @throws {Fault} `data_loss` when an entry has no place. */
  check(): void {
    for (const [id, { runs, start, lastIndex }] of this.groups) {
      runs.compact(start.index, ignore);
      const missing =
        lastIndex > (runs.length === 0 ? start.index : runs.last)
          ? { first: Math.max(start.index, runs.length === 0 ? 0 : runs.last) + 1, last: lastIndex }
          : runs.findGap(start.index + 1);
      if (missing === undefined) continue;
      const detail = `the log lacks entries ${missing.first} to ${missing.last} of group ${id}`;
      throw new Fault('data_loss', detail, { reason: 'log_corrupt' });
    }
  }

  /** Tells the segments in use what is needed of them. */
  hold(chain: readonly WalSegment[]): void {
    const segments = new Map(chain.map((segment) => [segment.number, segment]));
    for (const [id, { runs }] of this.groups) {
      for (let i = 0; i < runs.length; i++) {
        const { segment, sizeBytes } = runs.run(i);
        const holder = segments.get(segment);
        assert(holder !== undefined, `group ${id} needs segment ${segment}, which was dropped`);
        holder.hold(id, sizeBytes);
      }
    }
  }

  #applySection(segment: WalSegment, bytes: Buffer, section: Section, frame: number): void {
    switch (section.kind) {
      case SECTION.segments:
        // Snapshots of the groups that are left follow in this frame.
        for (const group of this.groups.values()) group.snapshotMeta = undefined;
        break;
      case SECTION.dropped:
        for (const number of readDropped(bytes, section)) this.dropped.add(number);
        break;
      case SECTION.removed:
        this.groups.delete(section.group);
        break;
      case SECTION.snapshot:
        this.#group(section.group).snapshotMeta = readSnapshot(bytes, section);
        break;
      case SECTION.state:
        this.#applyState(this.#group(section.group), bytes, section, frame);
        break;
      case SECTION.moved:
      case SECTION.entries:
        this.#applyEntries(this.#group(section.group), segment, bytes, section);
        break;
      default:
        throw new Fault('unimplemented', `${segment.path} has a section of kind ${section.kind}`);
    }
  }

  #applyState(group: Replaying, bytes: Buffer, section: Section, frame: number): void {
    const { hardState, start, lastIndex } = readState(bytes, section);
    group.hardState = hardState;
    group.start = start;
    group.lastIndex = lastIndex;
    group.stateIn = frame;
    group.runs.truncate(lastIndex, ignore);
    group.runs.compact(start.index, ignore);
  }

  #applyEntries(group: Replaying, segment: WalSegment, bytes: Buffer, section: Section): void {
    const { first, term, count } = readEntriesHeader(bytes, section);
    const last = first + count - 1;
    if (section.kind === SECTION.entries) {
      group.runs.truncate(first - 1, ignore);
      group.lastIndex = last;
    }
    const { at, sizeBytes } = section;
    group.runs.place({ first, last, term, segment: segment.number, at, sizeBytes }, ignore);
  }

  #group(id: number): Replaying {
    const known = this.groups.get(id);
    if (known !== undefined) return known;
    const group = {
      hardState: EMPTY_HARD_STATE,
      snapshotMeta: undefined,
      start: { index: 0, term: 0 },
      lastIndex: 0,
      runs: new RunList(),
      stateIn: 0,
    };
    this.groups.set(id, group);
    return group;
  }
}

const ignore = (): void => undefined;
