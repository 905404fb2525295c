/**
 * Every host that the page knows, with its last two readings of the chosen metric.
 *
 * Hot path: hosts are mutated in place and `changed` is bumped once per frame; painting looks at them on the
 * next animation frame.
 */
import { signal } from '@preact/signals';
import type { WireHost } from '@ringwatch/live';
import type { SeenReport, SubscriptionSink } from '../live/subscription.ts';
import type { FleetMetric, Reading } from './fleet-metrics.ts';
import type { HostStatus } from './host-status.ts';

/** What the page knows of its own connection. */
export interface FleetContext {
  readonly intervalMs: number;
  /** Until when the page would have heard of a host, in its wall time; undefined while it hears. */
  readonly deafSinceMs: number | undefined;
}

const LATE_AFTER_INTERVALS = 1.5;
const OFFLINE_AFTER_INTERVALS = 3;
/** Reports take a moment to arrive; a host is not late for that. */
const ARRIVAL_SLACK_MS = 250;

export interface FleetHost {
  readonly id: string;
  labels: Readonly<Record<string, string>>;
  intervalMs: number;
  /** When its newest report was news, in the page's wall time. */
  seenAtMs: number;
  now: Reading | undefined;
  value: number | undefined;
  /** Its last values, oldest first, for a line in the cell. */
  readonly trail: number[];
}

/** Values that a trail keeps. */
export const TRAIL_MAX = 60;

const collator = new Intl.Collator('en', { numeric: true });

export class FleetStore implements SubscriptionSink {
  readonly #hosts = new Map<string, FleetHost>();
  #sorted: FleetHost[] | undefined = [];
  /** Bumped when anything changed. */
  readonly changed = signal(0);

  constructor(
    readonly metric: FleetMetric,
    private readonly context: () => FleetContext,
  ) {}

  reset(): void {
    this.#hosts.clear();
    this.#sorted = undefined;
  }

  receive(hosts: readonly WireHost[], reports: readonly SeenReport[]): void {
    for (const { host, labels, intervalMs } of hosts) Object.assign(this.#host(host), { labels, intervalMs });
    if (hosts.length > 0) this.#sorted = undefined; // Labels decide on the order too.
    for (const report of reports) {
      const host = this.#host(report.host);
      const before = host.now;
      host.now = report;
      host.seenAtMs = report.seenAtMs;
      host.value = this.metric.measure(report, before);
      if (host.value === undefined) continue;
      host.trail.push(host.value);
      if (host.trail.length > TRAIL_MAX) host.trail.shift();
    }
    this.changed.value++;
  }

  /** All hosts: real ones first, then as people count. The same array until a host is new. */
  hosts(): readonly FleetHost[] {
    this.#sorted ??= [...this.#hosts.values()].sort(byRealityAndName);
    return this.#sorted;
  }

  statusOf(host: FleetHost, nowMs: number): HostStatus {
    const context = this.context();
    const intervalMs = host.intervalMs > 0 ? host.intervalMs : context.intervalMs;
    const missed = ((context.deafSinceMs ?? nowMs) - host.seenAtMs - ARRIVAL_SLACK_MS) / intervalMs;
    if (missed >= OFFLINE_AFTER_INTERVALS) return 'offline';
    if (context.deafSinceMs !== undefined) return 'unknown';
    return missed > LATE_AFTER_INTERVALS ? 'late' : 'online';
  }

  #host(id: string): FleetHost {
    const known = this.#hosts.get(id);
    if (known !== undefined) return known;
    const nothing = { labels: {}, intervalMs: 0, seenAtMs: 0, now: undefined, value: undefined };
    const host: FleetHost = { id, ...nothing, trail: [] };
    this.#hosts.set(id, host);
    this.#sorted = undefined;
    return host;
  }
}

function byRealityAndName(a: FleetHost, b: FleetHost): number {
  return Number(isDemo(a.labels)) - Number(isDemo(b.labels)) || byName(a, b);
}

/** As people count: `web-2` before `web-10`. */
export function byName(a: FleetHost, b: FleetHost): number {
  return collator.compare(a.id, b.id);
}

/** True for the invented hosts of a demo. */
export function isDemo(labels: Readonly<Record<string, string>>): boolean {
  return labels['synthetic'] === 'true';
}
