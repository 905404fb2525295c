/**
 * Where one host's retained reports lie in the log, sorted by timestamp: the index behind dedupe and recent
 * reads. Mutable and on the hot path: parallel typed arrays, an append at the end is the usual case.
 */
import { assert } from '@ringwatch/kernel';

/** Where a report lies, and what it is. */
export interface Place {
  readonly timestamp: number;
  /** Index of its entry in the log. */
  readonly index: number;
  /** Offset of its record in the entry. */
  readonly offset: number;
  /** Fingerprint of its content. */
  readonly fingerprint: number;
}

const CAPACITY_INITIAL = 8;

export class Timeline {
  #timestamps = new Float64Array(CAPACITY_INITIAL);
  #indices = new Float64Array(CAPACITY_INITIAL);
  #offsets = new Uint32Array(CAPACITY_INITIAL);
  #fingerprints = new Float64Array(CAPACITY_INITIAL);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** The place of the report at exactly `timestamp`. */
  find(timestamp: number): Place | undefined {
    const at = this.#lowerBound(timestamp);
    return at < this.#end && this.#timestamps[at] === timestamp ? this.#placeAt(at) : undefined;
  }

  /** Places with start <= timestamp < end, oldest first, at most `limit`. */
  range(start: number, end: number, limit: number): Place[] {
    const places: Place[] = [];
    for (let at = this.#lowerBound(start); at < this.#end && places.length < limit; at++) {
      if ((this.#timestamps[at] as number) >= end) break;
      places.push(this.#placeAt(at));
    }
    return places;
  }

  /** Adds a place; its timestamp must not be present. */
  insert(timestamp: number, index: number, offset: number, fingerprint: number): void {
    if (this.#end === this.#timestamps.length) this.#makeRoom();
    let at = this.#end;
    if (this.length > 0 && (this.#timestamps[at - 1] as number) >= timestamp) {
      at = this.#lowerBound(timestamp);
      assert(this.#timestamps[at] !== timestamp, 'a timestamp is inserted once');
      this.#shift(at, at + 1);
    }
    this.#end++;
    this.#timestamps[at] = timestamp;
    this.#indices[at] = index;
    this.#offsets[at] = offset;
    this.#fingerprints[at] = fingerprint;
  }

  /** Removes the place at `timestamp` if it belongs to entry `index`; the oldest goes in constant time. */
  remove(timestamp: number, index: number): void {
    const at = this.#lowerBound(timestamp);
    if (at >= this.#end || this.#timestamps[at] !== timestamp || this.#indices[at] !== index) return;
    if (at === this.#start) {
      this.#start++;
      return;
    }
    this.#shift(at + 1, at);
    this.#end--;
  }

  #placeAt(at: number): Place {
    return {
      timestamp: this.#timestamps[at] as number,
      index: this.#indices[at] as number,
      offset: this.#offsets[at] as number,
      fingerprint: this.#fingerprints[at] as number,
    };
  }

  /** First position whose timestamp is not less than `timestamp`. */
  #lowerBound(timestamp: number): number {
    let low = this.#start;
    let high = this.#end;
    if (high > low && (this.#timestamps[high - 1] as number) < timestamp) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#timestamps[middle] as number) < timestamp) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Moves everything from position `from` to position `to`. */
  #shift(from: number, to: number): void {
    for (const column of [this.#timestamps, this.#indices, this.#offsets, this.#fingerprints]) {
      column.copyWithin(to, from, this.#end);
    }
  }

  /** Drops the gap that removals left in front, or doubles when there is none worth dropping. */
  #makeRoom(): void {
    const length = this.length;
    const capacity =
      length > this.#timestamps.length / 2 ? this.#timestamps.length * 2 : this.#timestamps.length;
    const float = (old: Float64Array): Float64Array => {
      const grown = new Float64Array(capacity);
      grown.set(old.subarray(this.#start, this.#end));
      return grown;
    };
    const uint = (old: Uint32Array): Uint32Array => {
      const grown = new Uint32Array(capacity);
      grown.set(old.subarray(this.#start, this.#end));
      return grown;
    };
    this.#timestamps = float(this.#timestamps) as Float64Array<ArrayBuffer>;
    this.#indices = float(this.#indices) as Float64Array<ArrayBuffer>;
    this.#offsets = uint(this.#offsets) as Uint32Array<ArrayBuffer>;
    this.#fingerprints = float(this.#fingerprints) as Float64Array<ArrayBuffer>;
    this.#start = 0;
    this.#end = length;
  }
}
