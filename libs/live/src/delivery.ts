/**
 * What one viewer still has to get of one subscription; nothing before {@link Delivery.begin}.
 *
 * 1. A delivery is *direct* while nothing waits: the channel's shared frames go out as they are. Otherwise
 *    reports are *conflated* into `pending`, newest per host, and leave in frames made for this viewer as its
 *    socket drains.
 * 2. A snapshot is nothing but a full `pending`, so a large one flows at the viewer's own pace.
 * 3. No report is sent before its schema and its host; `#known` says which schemas this viewer has. A viewer
 *    that lacks one that a shared frame uses (it came later, or was slow when it was announced) gets a frame
 *    of its own.
 *
 * Memory is bounded by the hosts of the channel. Hot path: state is mutated in place.
 */
import type { ChannelUpdate, LiveChannel } from './channel.ts';
import { encodeFrame, type WireHost, type WireReport, type WireSchema } from './frame.ts';
import { REPORTS_PER_FRAME_MAX, VALUES_PER_FRAME_MAX } from './limits.ts';

export class Delivery {
  readonly #known = new Set<number>();
  readonly #pending = new Map<string, WireReport>();
  readonly #pendingHosts = new Map<string, WireHost>();
  #stage: 'waiting' | 'first' | 'snapshot' | 'following' = 'waiting';
  #skipped = 0;

  constructor(readonly channel: LiveChannel) {}

  /** True when the viewer has everything up to now, so that it may be given a shared frame. */
  get direct(): boolean {
    return this.#stage === 'following' && this.#pending.size === 0;
  }

  /** Starts over with a snapshot. */
  begin({ hosts, reports }: Pick<ChannelUpdate, 'hosts' | 'reports'>): void {
    this.#known.clear();
    this.#pending.clear();
    this.#pendingHosts.clear();
    this.#skipped = 0;
    this.#stage = 'first';
    this.#remember(hosts, reports);
  }

  /**
   * A frame for a viewer that has everything so far: undefined when the shared one of `update` will do, else
   * the text of its own, which names the schemas it lacks.
   */
  follow(update: ChannelUpdate, serverTimeMs: number): string | undefined {
    for (const schema of update.schemas) this.#known.add(schema.id);
    const schemas = this.#unknown(update.uses);
    if (schemas.length === 0) return undefined;
    const { hosts, reports } = update;
    const all = [...update.schemas, ...schemas];
    return encodeFrame({ type: 'update', id: this.channel.id, serverTimeMs, schemas: all, hosts, reports });
  }

  /** Keeps `update` for later, newest per host. */
  conflate(update: ChannelUpdate): void {
    if (this.#stage === 'waiting') return; // The snapshot will have it.
    const following = this.#stage === 'following';
    for (const { host } of update.reports) if (following && this.#pending.has(host)) this.#skipped++;
    this.#remember(update.hosts, update.reports);
  }

  /** The next frame for this viewer as text; undefined when nothing waits. */
  next(serverTimeMs: number): string | undefined {
    if (this.#stage === 'waiting' || this.direct) return undefined;
    const { hosts, reports } = this.#take();
    const schemas = this.#unknown(reports.map((report) => report.schema));
    const shared = { id: this.channel.id, serverTimeMs, schemas, hosts, reports };
    if (this.#stage === 'following') {
      const skipped = this.#skipped;
      this.#skipped = 0;
      return encodeFrame({ type: 'update', ...shared, ...(skipped > 0 && { skipped }) });
    }
    const first = this.#stage === 'first';
    const complete = this.#pending.size === 0;
    this.#stage = complete ? 'following' : 'snapshot';
    return encodeFrame({ type: 'snapshot', ...shared, first, complete });
  }

  #remember(hosts: readonly WireHost[], reports: readonly WireReport[]): void {
    for (const host of hosts) this.#pendingHosts.set(host.host, host);
    for (const report of reports) this.#pending.set(report.host, report);
  }

  /** As many waiting reports as a frame holds, with what the viewer must know of their hosts. */
  #take(): { hosts: WireHost[]; reports: WireReport[] } {
    const hosts: WireHost[] = [];
    const reports: WireReport[] = [];
    let values = 0;
    for (const [id, report] of this.#pending) {
      if (reports.length >= REPORTS_PER_FRAME_MAX || values >= VALUES_PER_FRAME_MAX) break;
      reports.push(report);
      values += report.values.length;
      this.#pending.delete(id);
      const host = this.#pendingHosts.get(id);
      if (host === undefined) continue;
      hosts.push(host);
      this.#pendingHosts.delete(id);
    }
    return { hosts, reports };
  }

  /** Those of the schemas `uses` that this viewer lacks; it has them from now on. */
  #unknown(uses: Iterable<number>): WireSchema[] {
    const schemas: WireSchema[] = [];
    for (const id of uses) {
      if (this.#known.has(id)) continue;
      this.#known.add(id);
      schemas.push(this.channel.schema(id));
    }
    return schemas;
  }
}
