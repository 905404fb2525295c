/**
 * Where the entries of one group lie: runs of consecutive indices of one term, each in one section of a
 * segment. Five numbers per run in typed arrays, so that a log of small entries does not cost objects.
 *
 * 1. Runs are in the order of their indices and without gaps: each ends where the next begins, the last one
 *    at `last`. While a log is replayed a gap is a run in {@link NO_SEGMENT}.
 * 2. A run whose entries are all gone is told to `dead`; one that lost only some of them is kept as it is.
 */
import { assert } from '@ringwatch/kernel';

/** Segments are numbered from 1. */
export const NO_SEGMENT = 0;
const CAPACITY_MIN = 16;

/** Entries `first`..`last`, in the section at `at` of a segment; `sizeBytes` is the whole section's. */
export interface Run {
  readonly first: number;
  readonly last: number;
  readonly term: number;
  readonly segment: number;
  readonly at: number;
  readonly sizeBytes: number;
}

/** Is told the segment and the size of each run that is gone. */
export type OnDead = (segment: number, sizeBytes: number) => void;

export class RunList {
  #firsts = new Float64Array(CAPACITY_MIN);
  #terms = new Float64Array(CAPACITY_MIN);
  #segments = new Uint32Array(CAPACITY_MIN);
  #offsets = new Uint32Array(CAPACITY_MIN);
  #sizes = new Uint32Array(CAPACITY_MIN);
  #head = 0;
  #tail = 0;
  #last = 0;

  get length(): number {
    return this.#tail - this.#head;
  }

  /** First index; meaningless while the list is empty. */
  get first(): number {
    return this.#firsts[this.#head] as number;
  }

  /** Last index; meaningless while the list is empty. */
  get last(): number {
    return this.#last;
  }

  /** Run number `i`, counted from the oldest one that is left. */
  run(i: number): Run {
    const slot = this.#head + i;
    return {
      first: this.#firsts[slot] as number,
      last: this.#lastOf(slot),
      term: this.#terms[slot] as number,
      segment: this.#segments[slot] as number,
      at: this.#offsets[slot] as number,
      sizeBytes: this.#sizes[slot] as number,
    };
  }

  /** Segment of run number `i`. */
  segmentOf(i: number): number {
    return this.#segments[this.#head + i] as number;
  }

  /** Number of the run that holds `index`, which must lie within the list. */
  find(index: number): number {
    assert(this.length > 0 && index >= this.first && index <= this.#last, `no run holds index ${index}`);
    return this.#slotAfter(index) - 1 - this.#head;
  }

  /** Term of the entry at `index`, which must lie within the list. */
  term(index: number): number {
    return this.#terms[this.#head + this.find(index)] as number;
  }

  /** Adds a run behind the last one; indices between them become a gap. */
  push(run: Run): void {
    if (this.length > 0 && run.first > this.#last + 1) this.#append(gap(this.#last + 1, run.first - 1));
    assert(this.length === 0 || run.first === this.#last + 1, 'runs follow each other');
    this.#append(run);
  }

  /** Forgets all entries behind index `last`. */
  truncate(last: number, dead: OnDead): void {
    while (this.length > 0 && (this.#firsts[this.#tail - 1] as number) > last)
      this.#report(--this.#tail, dead);
    this.#last = Math.min(this.#last, last);
  }

  /** Forgets all entries up to and with `index`. */
  compact(index: number, dead: OnDead): void {
    while (this.length > 0 && this.#lastOf(this.#head) <= index) this.#report(this.#head++, dead);
    if (this.length === 0) this.#head = this.#tail = 0;
  }

  /** Puts a run in the place of what stood at its indices, which may be gaps or nothing. */
  place(run: Run, dead: OnDead): void {
    if (this.length === 0 || run.first > this.#last) return this.push(run);
    const from = this.#slotAfter(run.first - 1);
    const to = this.#slotAfter(run.last);
    const pieces = [run];
    if (run.last < this.first - 1) pieces.push(gap(run.last + 1, this.first - 1));
    else if (run.last < this.#last && this.#lastOf(to - 1) !== run.last)
      pieces.push({ ...this.run(to - 1 - this.#head), first: run.last + 1 });
    for (let slot = from; slot < to; slot++) this.#report(slot, dead);
    this.#splice(from, to - from, pieces);
    this.#last = Math.max(this.#last, run.last);
  }

  /** First gap between `from` and the last index; undefined when all entries have a place. */
  findGap(from: number): Pick<Run, 'first' | 'last'> | undefined {
    if (this.length > 0 && this.first > from) return { first: from, last: this.first - 1 };
    for (let slot = this.#head; slot < this.#tail; slot++)
      if (this.#segments[slot] === NO_SEGMENT && this.#lastOf(slot) >= from)
        return this.run(slot - this.#head);
    return undefined;
  }

  #append(run: Run): void {
    if (this.#tail === this.#firsts.length) this.#makeRoom(1);
    this.#set(this.#tail++, run);
    this.#last = run.last;
  }

  #set(slot: number, run: Run): void {
    this.#firsts[slot] = run.first;
    this.#terms[slot] = run.term;
    this.#segments[slot] = run.segment;
    this.#offsets[slot] = run.at;
    this.#sizes[slot] = run.sizeBytes;
  }

  #lastOf(slot: number): number {
    return slot + 1 < this.#tail ? (this.#firsts[slot + 1] as number) - 1 : this.#last;
  }

  /** First slot whose run begins behind `index`. */
  #slotAfter(index: number): number {
    let low = this.#head;
    let high = this.#tail;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#firsts[middle] as number) <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #report(slot: number, dead: OnDead): void {
    if (this.#segments[slot] !== NO_SEGMENT)
      dead(this.#segments[slot] as number, this.#sizes[slot] as number);
  }

  #splice(slot: number, removed: number, runs: readonly Run[]): void {
    const offset = slot - this.#head;
    const growth = runs.length - removed;
    if (this.#tail + growth > this.#firsts.length) this.#makeRoom(growth);
    const at = this.#head + offset;
    for (const column of this.#columns()) column.copyWithin(at + runs.length, at + removed, this.#tail);
    this.#tail += growth;
    runs.forEach((run, i) => this.#set(at + i, run));
  }

  /** Moves all runs to the front of arrays with room for `more`. */
  #makeRoom(more: number): void {
    const capacity = Math.max(CAPACITY_MIN, (this.length + more) * 2);
    const [head, tail] = [this.#head, this.#tail];
    const moved = <T extends Float64Array | Uint32Array>(from: T, to: T): T => {
      to.set(from.subarray(head, tail));
      return to;
    };
    this.#firsts = moved(this.#firsts, new Float64Array(capacity));
    this.#terms = moved(this.#terms, new Float64Array(capacity));
    this.#segments = moved(this.#segments, new Uint32Array(capacity));
    this.#offsets = moved(this.#offsets, new Uint32Array(capacity));
    this.#sizes = moved(this.#sizes, new Uint32Array(capacity));
    this.#tail -= head;
    this.#head = 0;
  }

  #columns(): (Float64Array | Uint32Array)[] {
    return [this.#firsts, this.#terms, this.#segments, this.#offsets, this.#sizes];
  }
}

function gap(first: number, last: number): Run {
  return { first, last, term: 0, segment: NO_SEGMENT, at: 0, sizeBytes: 0 };
}
