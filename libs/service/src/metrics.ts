/**
 * The process's own metrics in Prometheus' text format. A registry per instance, never prom-client's global
 * one, so that two services fit in one process.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds; from a local call to a slow disk. */
export const LATENCY_BUCKETS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export class Metrics {
  readonly registry = new Registry();

  /** @param app value of the label `app` on every series. */
  constructor(app: string) {
    this.registry.setDefaultLabels({ app });
    collectDefaultMetrics({ register: this.registry });
  }

  /** `name` ends in `_total`. With `read`, the total is kept elsewhere and taken when someone scrapes. */
  counter<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    read?: () => number,
  ): Counter<L> {
    const collect =
      read === undefined
        ? {}
        : {
            collect(this: Counter<L>) {
              this.reset();
              this.inc(read());
            },
          };
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry], ...collect });
  }

  /** With `read`, the value is taken when someone scrapes; without, its owner sets it. */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    read?: () => number,
  ): Gauge<L> {
    const collect =
      read === undefined
        ? {}
        : {
            collect(this: Gauge<L>) {
              this.set(read());
            },
          };
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry], ...collect });
  }

  /** Seconds by default; pass `buckets` for anything else. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    buckets: readonly number[] = LATENCY_BUCKETS_SECONDS,
  ): Histogram<L> {
    return new Histogram({
      name,
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers: [this.registry],
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}
