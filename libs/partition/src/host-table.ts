/**
 * Every host the partition has heard of: when, with which labels, and its newest report.
 *
 * 1. Times of seeing are the leader's, taken from entries; only `latest` goes by the host's own timestamps.
 * 2. The newest values are copied into a buffer that the host owns, so that one quiet host cannot pin a whole
 *    entry.
 */
import type { Labels, Report, Schema } from '@ringwatch/metrics';
import { Timeline } from './timeline.ts';

export type HostStatus = 'online' | 'late' | 'offline';

const LATE_AFTER_INTERVALS = 1.5;
const OFFLINE_AFTER_INTERVALS = 3;

export interface HostRecord {
  readonly hostId: string;
  readonly firstSeenMs: number;
  lastSeenMs: number;
  intervalMs: number;
  labels: Labels | undefined;
  latestTimestamp: number;
  latestSchema: Schema | undefined;
  latestValues: Buffer;
  /** Hour (since the epoch) that {@link HostRecord.hourSchemas} is about. */
  schemaHour: number;
  /** Hashes of the schemas that the host used in that hour, and of the one it used before. */
  hourSchemas: Set<string>;
  readonly timeline: Timeline;
}

export class HostTable {
  readonly #hosts = new Map<string, HostRecord>();
  #sorted: readonly string[] | undefined;

  get size(): number {
    return this.#hosts.size;
  }

  get(hostId: string): HostRecord | undefined {
    return this.#hosts.get(hostId);
  }

  /** Adds a host that is not in the table. */
  add(hostId: string, seenMs: number): HostRecord {
    const host: HostRecord = {
      hostId,
      firstSeenMs: seenMs,
      lastSeenMs: seenMs,
      intervalMs: 0,
      labels: undefined,
      latestTimestamp: Number.NEGATIVE_INFINITY,
      latestSchema: undefined,
      latestValues: Buffer.alloc(0),
      schemaHour: 0,
      hourSchemas: new Set(),
      timeline: new Timeline(),
    };
    this.#hosts.set(hostId, host);
    this.#sorted = undefined;
    return host;
  }

  /** Hosts after `after` in the order of their ids. */
  *after(after: string): IterableIterator<HostRecord> {
    this.#sorted ??= [...this.#hosts.keys()].sort();
    for (let at = firstAfter(this.#sorted, after); at < this.#sorted.length; at++) {
      yield this.#hosts.get(this.#sorted[at] as string) as HostRecord;
    }
  }

  values(): IterableIterator<HostRecord> {
    return this.#hosts.values();
  }
}

/** Takes over what a report says about its host. `seenMs` is the leader's time. */
export function observe(host: HostRecord, report: Report, seenMs: number): void {
  host.lastSeenMs = Math.max(host.lastSeenMs, seenMs);
  if (report.intervalMs > 0) host.intervalMs = report.intervalMs;
  if (report.timestamp < host.latestTimestamp) return;
  if (report.labels !== undefined) host.labels = report.labels;
  host.latestTimestamp = report.timestamp;
  host.latestSchema = report.schema;
  if (host.latestValues.length === report.values.length) report.values.copy(host.latestValues);
  else host.latestValues = Buffer.from(report.values);
}

/** The host's newest report with the labels it is known by, as a copy. */
export function latestOf(host: HostRecord): Report | undefined {
  if (host.latestSchema === undefined) return undefined;
  return {
    hostId: host.hostId,
    timestamp: host.latestTimestamp,
    intervalMs: host.intervalMs,
    labels: host.labels,
    schema: host.latestSchema,
    values: Buffer.from(host.latestValues),
    late: false,
  };
}

/**
 * Online up to 1.5 intervals after the last report, offline from 3 missed intervals on, late between.
 * @param intervalMs assumed for hosts that do not say how often they report.
 */
export function statusOf(host: HostRecord, nowMs: number, intervalMs: number): HostStatus {
  const intervals = (nowMs - host.lastSeenMs) / (host.intervalMs || intervalMs);
  if (intervals >= OFFLINE_AFTER_INTERVALS) return 'offline';
  return intervals > LATE_AFTER_INTERVALS ? 'late' : 'online';
}

function firstAfter(sorted: readonly string[], after: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) <= after && after !== '') low = middle + 1;
    else high = middle;
  }
  return low;
}
