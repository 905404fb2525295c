/**
 * Questions of the REST door: to the brokers, and from what the gateway last knew while they are away.
 *
 * Only the newest reports and the hosts can be answered from memory, for at most LAST_KNOWN_MAX_MS, and the
 * answer says so. The past is the brokers' alone.
 */
import type { BrokerQueries } from '@ringwatch/broker-client';
import {
  HostStatus,
  type Completeness,
  type GetLatestReply,
  type GetMetricsReply,
  type Host,
  type ListHostsReply,
} from '@ringwatch/contracts';
import { Fault, toFault } from '@ringwatch/kernel';
import type { LatestTable, LiveReport } from '@ringwatch/live';
import type { z } from 'zod';
import type { ReportFeed } from './report-feed.ts';
import { plainReports } from './plain-reports.ts';
import type {
  host,
  hostsAnswer,
  hostsQuery,
  latestAnswer,
  latestQuery,
  metricsAnswer,
  metricsQuery,
} from './rest-schemas.ts';

/** Last known data is answered for this long after the brokers were heard of. */
export const LAST_KNOWN_MAX_MS = 60_000;

/** Hosts asked for at once to find one. */
const HOST_PAGE = 10;

type HostAnswer = z.output<typeof host>;

const WIRE_STATUS = {
  online: HostStatus.ONLINE,
  late: HostStatus.LATE,
  offline: HostStatus.OFFLINE,
} as const;

export type QueryBrokers = Pick<BrokerQueries, 'getMetrics' | 'listHosts' | 'getLatest' | 'states'>;

export class Queries {
  constructor(
    private readonly brokers: QueryBrokers,
    private readonly latestTable: LatestTable,
    private readonly feed: Pick<ReportFeed, 'ageMs' | 'primed'>,
  ) {}

  async hosts(query: z.output<typeof hostsQuery>): Promise<z.output<typeof hostsAnswer>> {
    const { after, limit, status } = query;
    const labels = Object.fromEntries(query.label.map(splitLabel));
    const wanted = status === undefined ? HostStatus.UNSPECIFIED : WIRE_STATUS[status];
    const reply = await this.brokers.listHosts({ after, limit, labels, status: wanted });
    return hostsAnswerOf(reply);
  }

  /** @throws {Fault} `not_found`, reason `host_not_found`. */
  async host(hostId: string): Promise<HostAnswer> {
    // Hosts are listed in order, so the one wanted is the first after whatever sorts just before it, but for
    // ids that hardly anybody uses: pages go on until it is there or passed.
    const everyHost = { limit: HOST_PAGE, labels: {}, status: HostStatus.UNSPECIFIED };
    for (let after = justBefore(hostId), passed = false; !passed;) {
      const { hosts, nextAfter } = await this.brokers.listHosts({ after, ...everyHost });
      const found = hosts.find((each) => each.hostId === hostId);
      if (found !== undefined) return hostAnswer(found);
      passed = nextAfter === '' || nextAfter > hostId;
      after = nextAfter;
    }
    throw new Fault('not_found', `no host ${JSON.stringify(hostId)} has reported`, {
      reason: 'host_not_found',
    });
  }

  async metrics(query: z.output<typeof metricsQuery>): Promise<z.output<typeof metricsAnswer>> {
    const { host: hostId, at, start = 0, end = 0, metrics, limit } = query;
    const when =
      at === undefined
        ? ({ $case: 'range', value: { start, end } } as const)
        : ({ $case: 'at', value: at } as const);
    return metricsAnswerOf(hostId, await this.brokers.getMetrics({ hostId, when, metrics, limit }));
  }

  async latest(query: z.output<typeof latestQuery>): Promise<z.output<typeof latestAnswer>> {
    const { host: hostIds, metrics, after, limit } = query;
    try {
      return latestAnswerOf(await this.brokers.getLatest({ hostIds, metrics, after, limit }));
    } catch (error) {
      const fault = toFault(error);
      if (!fault.retryable && fault.code !== 'deadline_exceeded') throw fault;
      return this.#lastKnown(query, fault);
    }
  }

  /** @throws `fault` when the gateway knows nothing, or what it knows is too old. */
  #lastKnown(query: z.output<typeof latestQuery>, fault: Fault): z.output<typeof latestAnswer> {
    const stalenessMs = this.feed.ageMs;
    if (!this.feed.primed || stalenessMs > LAST_KNOWN_MAX_MS) throw fault;
    const wanted = new Set(query.host);
    const known = [...this.latestTable.values()]
      .filter(({ hostId }) => hostId > query.after && (wanted.size === 0 || wanted.has(hostId)))
      .sort((a, b) => (a.hostId < b.hostId ? -1 : 1));
    const page = known.slice(0, query.limit);
    const nextAfter = known.length > page.length ? page.at(-1)?.hostId : undefined;
    return {
      reports: page.map((report) => lastKnownReport(report, query.metrics)),
      ...(nextAfter !== undefined && { nextAfter }),
      partial: true,
      missing: [`no broker answers (${fault.detail}): last known reports`],
      stalenessMs,
    };
  }
}

function hostsAnswerOf({
  hosts,
  nextAfter,
  total,
  completeness,
}: ListHostsReply): z.output<typeof hostsAnswer> {
  return {
    hosts: hosts.map(hostAnswer),
    ...(nextAfter !== '' && { nextAfter }),
    total,
    ...completenessOf(completeness),
  };
}

function hostAnswer({
  hostId,
  status,
  firstSeenMs,
  lastSeenMs,
  intervalMs,
  labels,
  latestTimestamp,
}: Host): HostAnswer {
  return {
    hostId,
    status: statusName(status),
    firstSeen: firstSeenMs / 1000,
    lastSeen: lastSeenMs / 1000,
    intervalMs,
    labels,
    latestTimestamp,
  };
}

function metricsAnswerOf(hostId: string, reply: GetMetricsReply): z.output<typeof metricsAnswer> {
  const { nextStart, completeness } = reply;
  return {
    host: hostId,
    reports: plainReports(reply).map(({ timestamp, metrics, late }) => {
      return { timestamp, metrics, ...(late === true && { late }) };
    }),
    ...(nextStart !== undefined && { nextStart }),
    ...completenessOf(completeness),
  };
}

function latestAnswerOf(reply: GetLatestReply): z.output<typeof latestAnswer> {
  const { nextAfter, completeness } = reply;
  return {
    reports: plainReports(reply),
    ...(nextAfter !== '' && { nextAfter }),
    ...completenessOf(completeness),
  };
}

function completenessOf(given: Completeness | undefined): Completeness & { missing: string[] } {
  const { partial, missing, stalenessMs } = given ?? { partial: false, missing: [], stalenessMs: 0 };
  return { partial, missing: [...missing], stalenessMs };
}

function lastKnownReport(
  report: LiveReport,
  names: readonly string[],
): z.output<typeof latestAnswer>['reports'][0] {
  const { hostId, timestamp, intervalMs, labels, schema, values } = report;
  const metrics = Object.fromEntries(
    schema.keys.flatMap((key, column) => {
      const value = values[column];
      const wanted = names.length === 0 || names.includes(key) || names.includes(key.split('{', 1)[0] ?? key);
      return wanted && value !== undefined && Number.isFinite(value) ? [[key, value]] : [];
    }),
  );
  return { hostId, timestamp, intervalMs, labels, metrics };
}

/** A status of a newer broker reads as offline: nothing better is known of the host. */
function statusName(status: HostStatus): HostAnswer['status'] {
  if (status === HostStatus.ONLINE) return 'online';
  return status === HostStatus.LATE ? 'late' : 'offline';
}

function splitLabel(label: string): [name: string, value: string] {
  const colon = label.indexOf(':');
  return [label.slice(0, colon), label.slice(colon + 1)];
}

/**
 * A text that sorts before `id` and after every other likely id before it, in the order of brokers: that of
 * UTF-16 code units, in which U+E000 follows U+10FFFF, and U+FFFF is the last.
 */
export function justBefore(id: string): string {
  const points = Array.from(id);
  const last = points.pop()?.codePointAt(0) ?? 0;
  const head = points.join('');
  return last === 0 ? head : `${head}${String.fromCodePoint(pointBefore(last))}\uffff`;
}

function pointBefore(point: number): number {
  if (point === 0xe000) return 0x10ffff;
  return point === 0x10000 ? 0xd7ff : point - 1;
}
