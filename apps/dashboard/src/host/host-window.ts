/**
 * The recent past of one host in columns: what charts are drawn from. Filled from behind by queries and at
 * its end by pushes, in any order.
 *
 * 1. `times` rises strictly; a timestamp that is there already is not added again, so query and push may
 *    overlap.
 * 2. Every column is as long as `times`; null means absent.
 * 3. At most POINTS_MAX points; the oldest go first.
 *
 * Hot path: columns are mutated in place and `changed` is bumped.
 */
import { signal } from '@preact/signals';
import type { WireHost } from '@ringwatch/live';
import type { SeenReport, SubscriptionSink } from '../live/subscription.ts';

/** An hour at one second, so that a pause keeps what it shows for that long. */
export const POINTS_MAX = 3_600;

type Column = (number | null)[];

export class HostWindow implements SubscriptionSink {
  readonly #times: number[] = [];
  readonly #columns = new Map<string, Column>();
  /** Bumped when points were added. */
  readonly changed = signal(0);
  /** Bumped when a series key appeared for the first time. */
  readonly keysChanged = signal(0);
  /** What the host says of itself, once it did. */
  readonly about = signal<WireHost | undefined>(undefined);
  /** When the newest report was news, in the page's wall time. */
  seenAtMs: number | undefined;

  /**
   * @param onSnapshot called with the newest timestamp when a snapshot arrived: what lies before may be
   * missing.
   */
  constructor(private readonly onSnapshot: (newest: number) => void) {}

  get times(): readonly number[] {
    return this.#times;
  }

  get newest(): number | undefined {
    return this.#times.at(-1);
  }

  keys(): readonly string[] {
    return [...this.#columns.keys()];
  }

  column(key: string): readonly (number | null)[] {
    return this.#columns.get(key) ?? [];
  }

  #awaitsSnapshot = false;

  reset(): void {
    this.#awaitsSnapshot = true; // The past stays: it is still true.
  }

  receive(hosts: readonly WireHost[], reports: readonly SeenReport[]): void {
    const about = hosts.at(-1);
    if (about !== undefined) this.about.value = about;
    for (const { timestamp, keys, values, seenAtMs } of reports) {
      this.add(timestamp, keys, values);
      this.seenAtMs = seenAtMs;
    }
    const newest = reports.at(-1)?.timestamp;
    if (this.#awaitsSnapshot && newest !== undefined) {
      this.#awaitsSnapshot = false;
      this.onSnapshot(newest);
    }
    this.changed.value++;
  }

  /**
   * Adds one report; `keys[i]` names `values[i]`. The caller bumps `changed` through {@link receive} or
   * {@link merge}.
   */
  private add(timestamp: number, keys: readonly string[], values: readonly (number | null)[]): void {
    const at = this.#place(timestamp);
    if (at === undefined) return;
    for (let i = 0; i < keys.length; i++) this.#columnOf(keys[i] as string)[at] = values[i] ?? null;
    if (this.#times.length > POINTS_MAX) this.#drop(this.#times.length - POINTS_MAX);
  }

  /** Adds what a query found. */
  merge(reports: readonly { timestamp: number; metrics: Readonly<Record<string, number>> }[]): void {
    for (const { timestamp, metrics } of reports)
      this.add(timestamp, Object.keys(metrics), Object.values(metrics));
    this.changed.value++;
  }

  /** Forgets points older than `timestamp`. */
  trim(timestamp: number): void {
    const first = this.#times.findIndex((time) => time >= timestamp);
    if (first > 0) this.#drop(first);
  }

  /** Makes room for `timestamp` in all columns; undefined when it is there already. */
  #place(timestamp: number): number | undefined {
    const times = this.#times;
    let at = times.length;
    while (at > 0 && (times[at - 1] as number) > timestamp) at--;
    if (times[at - 1] === timestamp) return undefined;
    times.splice(at, 0, timestamp);
    for (const column of this.#columns.values()) column.splice(at, 0, null);
    return at;
  }

  #columnOf(key: string): Column {
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    const column: Column = Array.from(this.#times, () => null);
    this.#columns.set(key, column);
    this.keysChanged.value++;
    return column;
  }

  #drop(count: number): void {
    this.#times.splice(0, count);
    for (const column of this.#columns.values()) column.splice(0, count);
  }
}
