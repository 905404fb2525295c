/**
 * Columns of a host's window as charts want them: gauges as they are, counters as rates, and a break in the
 * line where the host was silent. Rates are computed once per change of the window, whatever the number of
 * charts.
 */
import { isCounter } from '@ringwatch/metrics';
import { ratesOf } from '../format/rate.ts';
import type { HostWindow } from './host-window.ts';

export type Column = readonly (number | null)[];

/** A line breaks where more than this many intervals lie between two points. */
const GAP_INTERVALS = 2.5;
const INTERVAL_MS_DEFAULT = 1_000;

export class ColumnReader {
  readonly #made = new Map<string, Column>();
  #version = -1;

  constructor(private readonly window: HostWindow) {}

  get times(): readonly number[] {
    return this.window.times;
  }

  /** Seconds after which a line breaks. */
  get gapSeconds(): number {
    const intervalMs = this.window.about.peek()?.intervalMs || INTERVAL_MS_DEFAULT;
    return (GAP_INTERVALS * intervalMs) / 1000;
  }

  /** A series as it is drawn. */
  read(key: string): Column {
    return isCounter(key) ? this.rate(key) : this.window.column(key);
  }

  /** A counter's increase per second. */
  rate(key: string): Column {
    return this.once(`rate of ${key}`, () => ratesOf(this.times, this.window.column(key), this.gapSeconds));
  }

  /** What `make` makes, once per change of the window for each `id`. */
  once(id: string, make: () => Column): Column {
    const version = this.window.changed.peek();
    if (version !== this.#version) {
      this.#version = version;
      this.#made.clear();
    }
    const known = this.#made.get(id);
    if (known !== undefined) return known;
    const made = make();
    this.#made.set(id, made);
    return made;
  }
}

/** Adds up columns; absent where all of them are. */
export function sumOf(columns: readonly Column[]): Column {
  const [first = []] = columns;
  return first.map((_, i) => {
    let sum: number | null = null;
    for (const column of columns) {
      const value = column[i];
      if (typeof value === 'number') sum = (sum ?? 0) + value;
    }
    return sum;
  });
}

/** `part / whole`; absent where either is, or where the whole is zero. */
export function shareOf(part: Column, whole: Column): Column {
  return part.map((value, i) => {
    const all = whole[i];
    return value === null || typeof all !== 'number' || all === 0 ? null : value / all;
  });
}

/** Where points stand without a neighbour on either side: no line leads to them, so they need a dot. */
export function lonePoints(column: ArrayLike<number | null | undefined>): number[] {
  const at = (i: number): boolean => typeof column[i] === 'number';
  const lone: number[] = [];
  for (let i = 0; i < column.length; i++) if (at(i) && !at(i - 1) && !at(i + 1)) lone.push(i);
  return lone;
}

/** What is drawn: times and columns with an empty point in every gap, so that no line crosses it. */
export function withGaps(
  times: readonly number[],
  columns: readonly Column[],
  gapSeconds: number,
): { times: number[]; columns: (number | null)[][] } {
  const drawn: { times: number[]; columns: (number | null)[][] } = {
    times: [],
    columns: columns.map(() => []),
  };
  for (let i = 0; i < times.length; i++) {
    const time = times[i] as number;
    const before = times[i - 1];
    if (before !== undefined && time - before > gapSeconds) {
      drawn.times.push((time + before) / 2);
      for (const column of drawn.columns) column.push(null);
    }
    drawn.times.push(time);
    for (let c = 0; c < columns.length; c++) drawn.columns[c]?.push(columns[c]?.[i] ?? null);
  }
  return drawn;
}
