/**
 * Queries of one partition: validates what is asked, reads the replica, answers in the protocol's messages.
 */
import { Fault, type Clock } from '@ringwatch/kernel';
import {
  HostStatus as WireStatus,
  type Completeness,
  type GetLatestReply,
  type GetLatestRequest,
  type GetMetricsReply,
  type GetMetricsRequest,
  type Host,
  type ListHostsReply,
  type ListHostsRequest,
} from '@ringwatch/contracts';
import { checkHostId, MetricSelection, toWire, wirePages, type Report } from '@ringwatch/metrics';
import { latestOf, statusOf, type HostRecord, type HostStatus, type Replica } from '@ringwatch/partition';
import type { SettingsHolder } from './settings.ts';

const REPORTS_MAX = 10_000;
const HOSTS_MAX = 1_000;
const METRICS_MAX = 2_000;

const WIRE_STATUS: Readonly<Record<HostStatus, WireStatus>> = {
  online: WireStatus.ONLINE,
  late: WireStatus.LATE,
  offline: WireStatus.OFFLINE,
};

export class Monitor {
  constructor(
    private readonly replica: Replica,
    private readonly settings: SettingsHolder,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws {Fault} `invalid_argument` for a malformed request, `not_found` for a host that nobody reported.
   */
  async getMetrics(request: GetMetricsRequest): Promise<GetMetricsReply> {
    const { hostId, when } = request;
    const bad = checkHostId(hostId, this.settings.current.limits);
    if (bad !== undefined) throw bad;
    const select = selectionOf(request.metrics);
    const { reports, nextStart, missing } = await this.#read(
      hostId,
      when,
      limitOf(request.limit, REPORTS_MAX),
    );
    if (reports.length === 0 && missing.length === 0 && this.replica.state.hosts.get(hostId) === undefined) {
      throw new Fault('not_found', `no host ${JSON.stringify(hostId)} has reported`, {
        reason: 'host_not_found',
      });
    }
    const fitting = firstPage(reports.map((report) => select.apply(report)));
    const next = fitting.length < reports.length ? reports[fitting.length]?.timestamp : nextStart;
    return { ...toWire(fitting), nextStart: next, completeness: completeness(missing) };
  }

  listHosts(request: ListHostsRequest): ListHostsReply {
    const limit = limitOf(request.limit, HOSTS_MAX);
    const nowMs = this.clock.nowMs();
    const { intervalMs } = this.settings.current;
    const hosts: Host[] = [];
    let nextAfter = '';
    for (const host of this.replica.state.hosts.after(request.after)) {
      const wire = toWireHost(host, nowMs, intervalMs);
      if (request.status !== WireStatus.UNSPECIFIED && wire.status !== request.status) continue;
      if (!hasLabels(wire.labels, request.labels)) continue;
      if (hosts.length === limit) {
        nextAfter = hosts.at(-1)?.hostId ?? '';
        break;
      }
      hosts.push(wire);
    }
    return { hosts, nextAfter, total: this.replica.state.hosts.size, completeness: completeness([]) };
  }

  getLatest(request: GetLatestRequest): GetLatestReply {
    const limit = limitOf(request.limit, HOSTS_MAX);
    const select = selectionOf(request.metrics);
    const latest: Report[] = [];
    let nextAfter = '';
    for (const host of this.#asked(request)) {
      if (latest.length === limit) {
        nextAfter = latest.at(-1)?.hostId ?? '';
        break;
      }
      const report = latestOf(host);
      if (report !== undefined) latest.push(select.apply(report));
    }
    const fitting = firstPage(latest);
    if (fitting.length < latest.length) nextAfter = fitting.at(-1)?.hostId ?? '';
    return { ...toWire(fitting), nextAfter, completeness: completeness([]) };
  }

  *#asked({ hostIds, after }: GetLatestRequest): IterableIterator<HostRecord> {
    const { hosts } = this.replica.state;
    if (hostIds.length === 0) return yield* hosts.after(after);
    for (const hostId of new Set(hostIds)) {
      const host = hosts.get(hostId);
      if (host !== undefined) yield host;
    }
  }

  #read(
    hostId: string,
    when: GetMetricsRequest['when'],
    limit: number,
  ): ReturnType<Replica['query']['range']> {
    switch (when?.$case) {
      case undefined:
        throw new Fault('invalid_argument', 'neither a point nor a range is given', {
          reason: 'time_missing',
        });
      case 'at':
        checkTime(when.value);
        return this.replica.query.point(hostId, when.value);
      case 'range': {
        const { start, end } = when.value;
        checkTime(start);
        checkTime(end);
        if (start >= end)
          throw new Fault('invalid_argument', 'start is not before end', { reason: 'range_empty' });
        return this.replica.query.range(hostId, start, end, limit);
      }
    }
  }
}

function toWireHost(host: HostRecord, nowMs: number, intervalMs: number): Host {
  return {
    hostId: host.hostId,
    status: WIRE_STATUS[statusOf(host, nowMs, intervalMs)],
    firstSeenMs: host.firstSeenMs,
    lastSeenMs: host.lastSeenMs,
    intervalMs: host.intervalMs || intervalMs,
    labels: host.labels ?? {},
    latestTimestamp: host.latestTimestamp,
  };
}

function selectionOf(metrics: readonly string[]): MetricSelection {
  if (metrics.length > METRICS_MAX) {
    throw new Fault('invalid_argument', `more than ${METRICS_MAX} metrics asked for`, {
      reason: 'too_many_metrics',
    });
  }
  return new MetricSelection(metrics);
}

function limitOf(asked: number, most: number): number {
  return asked === 0 ? most : Math.min(asked, most);
}

function checkTime(seconds: number): void {
  if (Number.isFinite(seconds) && seconds >= 0) return;
  throw new Fault('invalid_argument', 'a time is not a finite number of Unix seconds', {
    reason: 'time_invalid',
  });
}

function hasLabels(labels: Host['labels'], wanted: Host['labels']): boolean {
  return Object.keys(wanted).every((name) => Object.hasOwn(labels, name) && labels[name] === wanted[name]);
}

/** The first reports that fit into one message; at least one when there is any. */
function firstPage(reports: readonly Report[]): readonly Report[] {
  const first = wirePages(reports).next();
  return first.done === true ? [] : first.value;
}

/** A leader's own answer is never stale; what it could not read it names. */
function completeness(missing: readonly string[]): Completeness {
  return { partial: missing.length > 0, missing, stalenessMs: 0 };
}
