/**
 * The segments in use, oldest first; the last one is active, the others are closed and written to no more.
 */
import { assert } from '@ringwatch/kernel';
import type { SegmentUse } from './wal-section.ts';
import type { WalSegment } from './wal-segment.ts';

export class SegmentChain {
  readonly #segmentBytes: number;
  #segments: readonly WalSegment[];

  constructor(segments: readonly WalSegment[], segmentBytes: number) {
    this.#segments = segments;
    this.#segmentBytes = segmentBytes;
  }

  get length(): number {
    return this.#segments.length;
  }

  /** Where frames go; undefined before the first flush of a new log. */
  get active(): WalSegment | undefined {
    return this.#segments.at(-1);
  }

  get closed(): readonly WalSegment[] {
    return this.#segments.slice(0, -1);
  }

  /** Closed segments that nothing needs. */
  get free(): readonly WalSegment[] {
    return this.closed.filter(({ isFree }) => isFree);
  }

  /** Closed segments count in full, the active one as far as it is written. */
  get sizeBytes(): number {
    let bytes = this.active?.usedBytes ?? 0;
    for (const segment of this.#segments) if (segment !== this.active) bytes += this.#sizeOf(segment);
    return bytes;
  }

  /** Bytes that fit into the active segment. */
  get roomBytes(): number {
    return this.active === undefined ? 0 : this.#segmentBytes - this.active.usedBytes;
  }

  /** What the first frame of a segment says of the others: all but it and `dropped`. */
  usesBeside(segment: WalSegment, dropped: readonly WalSegment[]): readonly SegmentUse[] {
    return this.#segments.filter((other) => other !== segment && !dropped.includes(other));
  }

  segment(number: number): WalSegment {
    const segment = this.#segments.find((candidate) => candidate.number === number);
    assert(segment !== undefined, `segment ${number} is needed and was dropped`);
    return segment;
  }

  /** Does a group hold one of the oldest segments that make up `excessBytes`? */
  holdsOldest(group: number, excessBytes: number): boolean {
    let left = excessBytes;
    for (const segment of this.#segments) {
      if (left <= 0 || segment === this.active) return false;
      if (segment.isHeldBy(group)) return true;
      left -= this.#sizeOf(segment);
    }
    return false;
  }

  /** A new active segment. */
  push(segment: WalSegment): void {
    this.#segments = [...this.#segments, segment];
  }

  /** Takes out free segments and closes their files. */
  drop(dropped: readonly WalSegment[]): void {
    if (dropped.length === 0) return;
    this.#segments = this.#segments.filter((segment) => !dropped.includes(segment));
    for (const { file } of dropped) file.close();
  }

  close(): void {
    for (const { file } of this.#segments) file.close();
  }

  #sizeOf(segment: WalSegment): number {
    return Math.max(segment.usedBytes, this.#segmentBytes);
  }
}
