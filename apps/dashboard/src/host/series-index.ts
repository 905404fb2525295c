import { parseSeriesKey } from '@ringwatch/metrics';

export interface IndexedSeries {
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Series keys by metric name, until somebody takes them. */
export class SeriesIndex {
  readonly #byName = new Map<string, IndexedSeries[]>();

  constructor(keys: readonly string[]) {
    for (const key of [...keys].sort()) {
      const { name, labels } = parseSeriesKey(key);
      const series = { key, labels: Object.fromEntries(labels) };
      const known = this.#byName.get(name);
      if (known === undefined) this.#byName.set(name, [series]);
      else known.push(series);
    }
  }

  /** The series of a metric, those that are `wanted`, which are then gone; none when there are none. */
  take(name: string, wanted: (series: IndexedSeries) => boolean = () => true): readonly IndexedSeries[] {
    const series = this.#byName.get(name) ?? [];
    const left = series.filter((each) => !wanted(each));
    if (left.length > 0) this.#byName.set(name, left);
    else this.#byName.delete(name);
    return series.filter(wanted);
  }

  /** Names that nobody took yet, sorted. */
  names(): readonly string[] {
    return [...this.#byName.keys()].sort();
  }
}
