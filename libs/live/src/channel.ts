/**
 * All viewers with the same subscription: reports are filtered, projected and encoded once for all of them.
 *
 * 1. A schema's number means the same for every viewer of the channel, so one text serves them all.
 * 2. The work per schema (which columns, which number) is done once. Beyond CHANNEL_SCHEMAS_MAX or
 *    CHANNEL_HOSTS_MAX the channel starts a new generation: numbers begin again and every viewer gets a
 *    snapshot, which voids the old ones.
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

export class LiveChannel {
  readonly #hosts = new Map<string, { labels: Labels; intervalMs: number; wanted: boolean }>();
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

  /** The schema with this number; numbers come from this channel's own reports. */
  schema(id: number): WireSchema {
    return this.#schemas[id] as WireSchema;
  }

  /** The wanted reports of `latest`, for a viewer that begins. Changes nothing for the others. */
  snapshot(latest: Iterable<LiveReport>): Pick<ChannelUpdate, 'hosts' | 'reports'> {
    const hosts: WireHost[] = [];
    const reports: WireReport[] = [];
    for (const report of latest) {
      if (!this.filter.matchesHost(report.hostId, report.labels)) continue;
      hosts.push(wireHost(report));
      reports.push(this.#project(report));
    }
    return { hosts, reports };
  }

  /** What `reports` mean for this channel's viewers; undefined when none of them is wanted. */
  update(reports: readonly LiveReport[], serverTimeMs: number): ChannelUpdate | undefined {
    if (this.#schemas.length > CHANNEL_SCHEMAS_MAX || this.#hosts.size > CHANNEL_HOSTS_MAX) this.#startOver();
    const hosts: WireHost[] = [];
    const wanted: WireReport[] = [];
    for (const report of reports) {
      const look = this.#look(report);
      if (!look.wanted) continue;
      if (look.changed) hosts.push(wireHost(report));
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

  /** Whether the host is wanted, and whether its labels or interval are new to the viewers. */
  #look(report: LiveReport): { wanted: boolean; changed: boolean } {
    const { hostId, labels, intervalMs } = report;
    const seen = this.#hosts.get(hostId);
    if (seen !== undefined && seen.labels === labels && seen.intervalMs === intervalMs) {
      return { wanted: seen.wanted, changed: false };
    }
    const wanted = this.filter.matchesHost(hostId, labels);
    this.#hosts.set(hostId, { labels, intervalMs, wanted });
    return { wanted, changed: true };
  }

  #project(report: LiveReport): WireReport {
    const { schema, columns } = this.#projections.get(report.schema.hash) ?? this.#number(report);
    const values = columns.map((column) => finiteOrNull(report.values[column]));
    return { host: report.hostId, timestamp: report.timestamp, schema: schema.id, values };
  }

  #number(report: LiveReport): Projection {
    const all = report.schema.keys;
    const columns = [...all.keys()].filter((column) => this.filter.matchesSeries(all[column] as string));
    const keys = columns.map((column) => all[column] as string);
    const schema: WireSchema = { id: this.#schemas.length, keys };
    const projection = { schema, columns };
    this.#schemas.push(schema);
    this.#projections.set(report.schema.hash, projection);
    return projection;
  }

  #startOver(): void {
    this.#schemas = [];
    this.#announced = 0;
    this.#projections = new Map();
    this.#hosts.clear();
    this.#generation++;
  }
}

function wireHost({ hostId, intervalMs, labels }: LiveReport): WireHost {
  return { host: hostId, intervalMs, labels };
}

function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
