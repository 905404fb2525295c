/**
 * Carries applied reports from the retained log to the store, in batches, with several in flight.
 *
 * 1. The log is the queue: the flusher is a cursor over it, so it holds nothing that a crash could lose.
 * 2. A batch is tried until it succeeds, with backoff; the flushed index does not pass it. Writing again is
 *    harmless.
 * 3. When the store says that it is another one (restart, failover), everything after the watermark is
 *    written again: the watermark trails the store's acknowledgements by a minute, and stands still while the
 *    store is away.
 */
import { backoffMs, sleep, toFault, type Clock, type Logger, type Random } from '@ringwatch/kernel';
import type { Report } from '@ringwatch/metrics';
import { FlushPlan } from './flush-plan.ts';
import type { HistoryOutcome, ReportHistory } from './ports.ts';
import { acceptedReports, type RetainedLog } from './retained-log.ts';

export interface FlusherOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly retained: RetainedLog;
  readonly history: ReportHistory;
  /** Last applied index; the flusher never reads beyond it. */
  readonly appliedIndex: () => number;
  /** Everything up to here is in the store, by the log's own word. */
  readonly watermark: () => number;
  /** How long the store keeps a report, milliseconds. */
  readonly ttlMs: () => number;
}

interface Batch {
  readonly reports: readonly Report[];
  /** Entries that the reports come from. */
  readonly indices: ReadonlySet<number>;
}

const BATCH_REPORTS = 100;
const IN_FLIGHT_MAX = 4;
const BACKOFF_BASE_MS = 100;
const BACKOFF_MAX_MS = 2_000;
const DRAIN_POLL_MS = 20;

export type FlusherState = 'ok' | 'failing';

export class Flusher {
  readonly plan: FlushPlan;
  #cursor: number;
  #identity: string | undefined;
  #rewindWanted = false;
  #refused = 0;
  #state: FlusherState = 'ok';
  #wake: (() => void) | undefined;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(private readonly options: FlusherOptions) {
    this.#cursor = options.watermark();
    this.plan = new FlushPlan(this.#cursor);
  }

  /** Reports that the store will never take; the log keeps them as long as it keeps anything. */
  get refused(): number {
    return this.#refused;
  }

  get state(): FlusherState {
    return this.#state;
  }

  /** Entry `index` was applied. */
  applied(index: number, bytes: number): void {
    this.plan.applied(index, bytes);
    this.#wake?.();
  }

  /** Runs until {@link stop}. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#rewindWanted) await this.#rewind();
      else if (this.#cursor < this.options.appliedIndex()) await this.#flushNext();
      else await this.#rest();
    }
    await Promise.all(this.#inFlight);
  }

  /** Flushes what is applied, for at most `drainMs`, then ends {@link run}. */
  async stop(drainMs: number): Promise<void> {
    const { clock, appliedIndex } = this.options;
    const untilMs = clock.monotonicMs() + drainMs;
    while (this.plan.flushedIndex < appliedIndex() && clock.monotonicMs() < untilMs)
      await sleep(clock, DRAIN_POLL_MS);
    this.#stop.abort();
    this.#wake?.();
  }

  /** Waits for work; a batch that fails meanwhile may be work too. */
  async #rest(): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    await Promise.race([woken, ...this.#inFlight]);
    this.#wake = undefined;
  }

  async #rewind(): Promise<void> {
    await Promise.all(this.#inFlight);
    this.#rewindWanted = false;
    const { logger, watermark } = this.options;
    logger.warn(
      { fromIndex: watermark() + 1, toIndex: this.#cursor },
      'the store is another one: writing again',
    );
    this.plan.advance(this.options.clock.monotonicMs());
    this.plan.rewind(watermark());
    this.#cursor = watermark();
  }

  async #flushNext(): Promise<void> {
    for (const batch of await this.#takeBatches()) {
      while (this.#inFlight.size >= IN_FLIGHT_MAX) await Promise.race(this.#inFlight);
      const writing: Promise<void> = this.#write(batch).finally(() => this.#inFlight.delete(writing));
      this.#inFlight.add(writing);
    }
    this.plan.advance(this.options.clock.monotonicMs());
  }

  /** Moves the cursor over entries that fill at least one batch, or to the end. */
  async #takeBatches(): Promise<Batch[]> {
    const { retained, appliedIndex } = this.options;
    const taken: { index: number; report: Report }[] = [];
    const batchesOf = new Map<number, number>();
    while (taken.length < BATCH_REPORTS && this.#cursor < appliedIndex()) {
      this.#cursor = Math.max(this.#cursor + 1, retained.firstIndex);
      batchesOf.set(this.#cursor, 0);
      for (const report of acceptedReports(await retained.get(this.#cursor)))
        taken.push({ index: this.#cursor, report });
    }
    const batches: Batch[] = [];
    for (let at = 0; at < taken.length; at += BATCH_REPORTS) {
      const part = taken.slice(at, at + BATCH_REPORTS);
      const indices = new Set(part.map(({ index }) => index));
      for (const index of indices) batchesOf.set(index, (batchesOf.get(index) as number) + 1);
      batches.push({ reports: part.map(({ report }) => report), indices });
    }
    for (const [index, count] of batchesOf) this.plan.start(index, count);
    return batches;
  }

  /** Writes a batch until it is in the store or the flusher stops. */
  async #write({ reports, indices }: Batch): Promise<void> {
    const { clock, random, history, ttlMs } = this.options;
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      try {
        this.#compareIdentity(await history.identity());
        this.#countRefused(await history.write(reports, ttlMs()), reports);
        this.#setState('ok');
        for (const index of indices) this.plan.done(index);
        this.plan.advance(clock.monotonicMs());
        return;
      } catch (error) {
        this.#setState('failing', toFault(error).message);
        await sleep(clock, backoffMs(random, attempt, BACKOFF_BASE_MS, BACKOFF_MAX_MS), this.#stop.signal);
      }
    }
  }

  /**
   * A late report whose key is taken, or one that the store cannot hold: said, counted, and not tried again.
   */
  #countRefused(outcomes: readonly HistoryOutcome[], reports: readonly Report[]): void {
    const lost = outcomes.filter((outcome) => outcome === 'conflict' || outcome === 'refused').length;
    if (lost === 0) return;
    this.#refused += lost;
    const first = outcomes.findIndex((outcome) => outcome === 'conflict' || outcome === 'refused');
    const { hostId, timestamp } = reports[first] as Report;
    this.options.logger.warn(
      { lost, hostId, timestamp, outcome: outcomes[first] },
      'the store refused reports',
    );
  }

  #compareIdentity(identity: string): void {
    if (this.#identity !== undefined && identity !== this.#identity) this.#rewindWanted = true;
    this.#identity = identity;
  }

  #setState(state: FlusherState, detail = ''): void {
    if (state === this.#state) return;
    this.#state = state;
    if (state === 'failing')
      this.options.logger.warn({ error: detail }, 'the store refuses reports; trying again');
    else this.options.logger.info({}, 'the store takes reports again');
  }
}
