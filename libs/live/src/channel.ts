/**
 * All viewers with the same subscription: reports are filtered, projected and encoded once for all of them.
 *
 * 1. A schema's number means the same for every viewer of the channel, so one text serves them all.
 * 2. The work per host (is its id wanted) and per schema (which columns, which number) is done once. Beyond
 *    CHANNEL_SCHEMAS_MAX or CHANNEL_HOSTS_MAX the channel starts a new generation: numbers begin again and
 *    every viewer gets a snapshot, which voids the old ones.
 * 3. Globs make that work long, and thousands of hosts may come at once: with them it is not done on the way
 *    but in the short steps of {@link LiveChannel.judge}. Until then only a host's newest report waits.
 *
 * Hot path: its tables are mutated in place.
 */
import type { WireHost, WireReport, WireSchema } from './frame.ts';
import { encodeFrame } from './frame.ts';
import type { LiveFilter } from './filter.ts';
import type { Labels, LiveReport } from './latest-table.ts';
import { CHANNEL_HOSTS_MAX, CHANNEL_SCHEMAS_MAX } from './limits.ts';

interface Projection {
  readonly schema: WireSchema;
  readonly columns: readonly number[];
}

/** Reports of one tick for all viewers of a channel. */
export interface ChannelUpdate {
  /** The `update` frame for viewers that keep up. */
  readonly text: string;
  /** Numbers of all schemas that its reports use. */
  readonly uses: ReadonlySet<number>;
  /** Schemas that the channel uses for the first time. */
  readonly schemas: readonly WireSchema[];
  readonly hosts: readonly WireHost[];
  readonly reports: readonly WireReport[];
}

/** What is known of a host's id, and what viewers were told of the host. */
interface KnownHost {
  readonly named: boolean;
  labels: Labels | undefined;
  intervalMs: number;
}

/** A report that waits to be judged. `news`: viewers still have to get it, a snapshot will not have it. */
interface Unjudged {
  readonly report: LiveReport;
  readonly news: boolean;
}

export class LiveChannel {
  readonly #hosts = new Map<string, KnownHost>();
  readonly #unjudged = new Map<string, Unjudged>();
  #judged: LiveReport[] = [];
  #projections = new Map<string, Projection>();
  #schemas: WireSchema[] = [];
  #announced = 0;
  #generation = 0;

  /** @param id the subscription id, which its frames carry. */
  constructor(
    readonly id: string,
    readonly filter: LiveFilter,
  ) {}

  /** Grows when all viewers must get a snapshot again (invariant 2). */
  get generation(): number {
    return this.#generation;
  }

  /** False while something waits for {@link judge}. */
  get settled(): boolean {
    return this.#unjudged.size === 0;
  }

  /** The schema with this number; numbers come from this channel's own reports. */
  schema(id: number): WireSchema {
    return this.#schemas[id] as WireSchema;
  }

  /** Puts what a snapshot of `latest` needs on the list of {@link judge}. True when nothing has to wait. */
  prepare(latest: Iterable<LiveReport>): boolean {
    for (const report of latest) {
      if (this.#unjudged.has(report.hostId) || this.#isJudged(report)) continue;
      this.#unjudged.set(report.hostId, { report, news: false });
    }
    return this.settled;
  }

  /** Judges what waits. Yields after every host and every key, so that the caller may pause there. */
  *judge(): Generator<void> {
    for (const [hostId, { report }] of this.#unjudged) {
      yield* this.#examine(report);
      const newest = this.#unjudged.get(hostId);
      this.#unjudged.delete(hostId);
      if (newest === undefined) continue;
      if (!this.#isJudged(newest.report)) this.#unjudged.set(hostId, newest); // It came during a pause.
      else if (newest.news) this.#judged.push(newest.report);
    }
  }

  /** The wanted reports of `latest`, for a viewer that begins. Changes nothing for the others. */
  snapshot(latest: Iterable<LiveReport>): Pick<ChannelUpdate, 'hosts' | 'reports'> {
    const hosts: WireHost[] = [];
    const reports: WireReport[] = [];
    for (const report of latest) {
      if (!this.#isJudged(report) || this.#wantedHost(report) === undefined) continue;
      hosts.push(wireHost(report));
      reports.push(this.#project(report));
    }
    return { hosts, reports };
  }

  /** What is new for this channel's viewers, with `reports`; undefined when nothing of it is wanted. */
  update(reports: readonly LiveReport[], serverTimeMs: number): ChannelUpdate | undefined {
    if (this.#schemas.length > CHANNEL_SCHEMAS_MAX || this.#hosts.size > CHANNEL_HOSTS_MAX) this.#startOver();
    const hosts: WireHost[] = [];
    const wanted: WireReport[] = [];
    for (const report of [...this.#judged.splice(0), ...reports]) {
      if (this.#unjudged.has(report.hostId) || !this.#isJudged(report)) {
        this.#unjudged.set(report.hostId, { report, news: true });
        continue;
      }
      const host = this.#wantedHost(report);
      if (host === undefined) continue;
      if (isNews(host, report)) hosts.push(wireHost(report));
      wanted.push(this.#project(report));
    }
    if (wanted.length === 0) return undefined;
    const schemas = this.#schemas.slice(this.#announced);
    this.#announced = this.#schemas.length;
    const uses = new Set(wanted.map((report) => report.schema));
    const text = encodeFrame({
      type: 'update',
      id: this.id,
      serverTimeMs,
      ...(schemas.length > 0 && { schemas }),
      ...(hosts.length > 0 && { hosts }),
      reports: wanted,
    });
    return { text, uses, schemas, hosts, reports: wanted };
  }

  /** Whether it is known if and how `report` is wanted. What takes no time is found out at once. */
  #isJudged(report: LiveReport): boolean {
    if (this.#hasVerdict(report)) return true;
    if (this.filter.costly) return false;
    Array.from(this.#examine(report));
    return true;
  }

  #hasVerdict(report: LiveReport): boolean {
    if (!this.#hosts.has(report.hostId)) return false;
    return this.#wantedHost(report) === undefined || this.#projections.has(report.schema.hash);
  }

  *#examine(report: LiveReport): Generator<void> {
    const { hostId, schema } = report;
    if (!this.#hosts.has(hostId)) {
      const named = this.filter.matchesId(hostId);
      this.#hosts.set(hostId, { named, labels: undefined, intervalMs: 0 });
      yield;
    }
    if (this.#hasVerdict(report)) return;
    const columns: number[] = [];
    for (const [column, key] of schema.keys.entries()) {
      if (this.filter.matchesSeries(key)) columns.push(column);
      yield;
    }
    this.#number(schema, columns);
  }

  #wantedHost({ hostId, labels }: LiveReport): KnownHost | undefined {
    const host = this.#hosts.get(hostId);
    return host?.named === true && this.filter.matchesLabels(labels) ? host : undefined;
  }

  /** Only for a report that is judged and wanted. */
  #project(report: LiveReport): WireReport {
    const { schema, columns } = this.#projections.get(report.schema.hash) as Projection;
    const values = columns.map((column) => finiteOrNull(report.values[column]));
    return { host: report.hostId, timestamp: report.timestamp, schema: schema.id, values };
  }

  #number({ hash, keys }: LiveReport['schema'], columns: readonly number[]): void {
    const schema = { id: this.#schemas.length, keys: columns.map((column) => keys[column] as string) };
    this.#schemas.push(schema);
    this.#projections.set(hash, { schema, columns });
  }

  #startOver(): void {
    this.#schemas = [];
    this.#announced = 0;
    this.#projections = new Map();
    this.#hosts.clear();
    this.#generation++;
  }
}

/** Whether viewers were told something else of the host; they are told what `report` says now. */
function isNews(host: KnownHost, { labels, intervalMs }: LiveReport): boolean {
  if (host.labels === labels && host.intervalMs === intervalMs) return false;
  host.labels = labels;
  host.intervalMs = intervalMs;
  return true;
}

function wireHost({ hostId, intervalMs, labels }: LiveReport): WireHost {
  return { host: hostId, intervalMs, labels };
}

function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
