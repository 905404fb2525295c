/**
 * The gateway's one view of what brokers apply: a single upstream subscription, whatever the number of
 * viewers.
 *
 * 1. Until the first snapshot is complete nobody is told that there are no hosts.
 * 2. A stream that says nothing for SILENT_MS is stale; one that is down for AWAY_AFTER_MS is away. Both are
 *    told to viewers and to readiness; the last known reports stay, marked by that.
 * 3. A reset of another log voids the table; one of the same log only fills it.
 */
import type { SubscriptionEvent } from '@ringwatch/broker-client';
import type { Clock } from '@ringwatch/kernel';
import type { LatestTable, LiveReport, SourceState, SourceStatus } from '@ringwatch/live';
import type { Report } from '@ringwatch/metrics';
import { liveReport } from './live-report.ts';

/** Brokers say something every second; three times that is silence. */
const SILENT_MS = 3_000;
/** A broker that drains hands its stream over faster than this; nobody needs to know. */
const AWAY_AFTER_MS = 1_000;
const CHECK_EVERY_MS = 500;

export interface FeedListener {
  /** Reports that are new. */
  onReports(reports: readonly LiveReport[]): void;
  /** The table was filled anew: everyone needs a snapshot. */
  onSnapshot(): void;
  onStatus(status: SourceStatus): void;
}

export interface ReportFeedOptions {
  readonly latest: LatestTable;
  readonly clock: Clock;
}

export class ReportFeed {
  readonly #options: ReportFeedOptions;
  #listener: FeedListener | undefined;
  #primed = false;
  #logId = '';
  #heardAtMs: number | undefined;
  /** Why and since when the stream is down; undefined while it stands. */
  #down: { readonly why: string; readonly sinceMs: number } | undefined;
  #status: SourceStatus;
  #cancelCheck = (): void => undefined;

  constructor(options: ReportFeedOptions) {
    this.#options = options;
    const sinceMs = options.clock.nowMs();
    this.#status = { state: 'connecting', partial: false, missing: [], sinceMs };
  }

  /** True once a snapshot was complete: the table then says who reports. */
  get primed(): boolean {
    return this.#primed;
  }

  get status(): SourceStatus {
    return this.#status;
  }

  /** How long ago a broker was heard of, milliseconds; Infinity before the first time. */
  get ageMs(): number {
    if (this.#heardAtMs === undefined) return Infinity;
    return this.#options.clock.monotonicMs() - this.#heardAtMs;
  }

  /** Takes events until the stream ends, which it does when its own signal aborts. */
  async follow(events: AsyncIterable<SubscriptionEvent>, listener: FeedListener): Promise<void> {
    this.#listener = listener;
    this.#scheduleCheck();
    for await (const event of events) this.#take(event);
    this.#cancelCheck();
  }

  #take(event: SubscriptionEvent): void {
    if (event.kind === 'disconnected') {
      const why = `broker ${event.broker} does not answer: ${event.fault.detail}`;
      this.#down = { why, sinceMs: this.#down?.sinceMs ?? this.#options.clock.monotonicMs() };
      return;
    }
    this.#down = undefined;
    this.#heardAtMs = this.#options.clock.monotonicMs();
    switch (event.kind) {
      case 'applied': {
        const fresh = this.#offer(event.reports);
        if (fresh.length > 0) this.#listener?.onReports(fresh);
        break;
      }
      case 'reset':
        if (this.#logId !== '' && this.#logId !== event.logId) this.#options.latest.clear();
        this.#logId = event.logId;
        this.#offer(event.reports);
        if (event.complete) this.#complete();
        break;
      case 'idle':
        break;
    }
    this.#check();
  }

  /** Viewers that waited are told first how the feed stands, then what there is. */
  #complete(): void {
    this.#primed = true;
    this.#check();
    this.#listener?.onSnapshot();
  }

  #offer(reports: readonly Report[]): LiveReport[] {
    return reports.flatMap((report) => this.#options.latest.offer(liveReport(report)) ?? []);
  }

  #scheduleCheck(): void {
    this.#cancelCheck = this.#options.clock.after(CHECK_EVERY_MS, () => {
      this.#check();
      this.#scheduleCheck();
    });
  }

  #check(): void {
    const down = this.#down;
    if (down !== undefined) {
      const downMs = this.#options.clock.monotonicMs() - down.sinceMs;
      if (downMs >= AWAY_AFTER_MS) this.#say('away', [down.why]);
      return;
    }
    if (this.#heardAtMs === undefined) return;
    if (this.ageMs > SILENT_MS) this.#say('stale', ['the brokers have said nothing for a while']);
    else if (this.#primed) this.#say('live', []);
  }

  #say(state: SourceState, missing: readonly string[]): void {
    if (this.#status.state === state) return;
    this.#status = { state, partial: missing.length > 0, missing, sinceMs: this.#options.clock.nowMs() };
    this.#listener?.onStatus(this.#status);
  }
}
