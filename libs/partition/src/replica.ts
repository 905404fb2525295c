/**
 * One replica of a partition: its state machine, its recent past and everything that lives on them, over
 * ports.
 *
 *     submit → stager → proposer (log, sync) → apply → acknowledge
 *                                                └→ feed (subscriptions), flusher (store), queries
 *
 * 1. What `submit` resolved is durable and applied; the store is never on that path.
 * 2. Trimming never drops what is not flushed; a snapshot is durable before anything is trimmed.
 */
import { Fault, type Clock, type Logger, type Random } from '@ringwatch/kernel';
import type { Report } from '@ringwatch/metrics';
import { encodeControl } from './entry.ts';
import { Feed } from './feed.ts';
import { Flusher } from './flusher.ts';
import type { PartitionSettings, PartitionState } from './partition-state.ts';
import type { AppliedEntry } from './partition-state.ts';
import type { CommitLog, Proposer, ReportHistory, SnapshotSink } from './ports.ts';
import { RecentQuery } from './recent-query.ts';
import { RetainedLog } from './retained-log.ts';
import { encodeSnapshot } from './snapshot.ts';
import { Stager, type Outcome } from './stager.ts';

export interface ReplicaOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The state as the snapshot left it, or a new one. */
  readonly state: PartitionState;
  readonly log: CommitLog;
  readonly snapshots: SnapshotSink;
  readonly history: ReportHistory;
  /** How long the store keeps a report, milliseconds. */
  readonly ttlMs: () => number;
  /** How far a report's timestamp may lie in the future, milliseconds. */
  readonly futureMaxMs: () => number;
  /** Bytes that the log may take. Default 1 GiB. */
  readonly logBytesMax?: number;
  /** Bytes of entries kept in memory. Default 256 MiB. */
  readonly cacheBytesMax?: number;
}

const LOG_BYTES_MAX = 1024 * 1024 * 1024;
/** New reports are refused when this share of the log's limit is not flushed. */
const UNFLUSHED_SHARE_MAX = 0.8;
const MAINTAIN_EVERY_MS = 1_000;
const RETRY_BASE_MS = 5_000;
const RETRY_SPREAD_MS = 10_000;

export class Replica {
  readonly feed: Feed;
  readonly query: RecentQuery;
  readonly flusher: Flusher;
  readonly #retained: RetainedLog;
  #stager: Stager | undefined;
  #proposer: Proposer | undefined;
  #cancelMaintenance: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #maintaining: Promise<void> | undefined;

  constructor(private readonly options: ReplicaOptions) {
    const { clock, log, state, history, futureMaxMs, cacheBytesMax } = options;
    const appliedIndex = (): number => state.appliedIndex;
    const cache = cacheBytesMax === undefined ? {} : { cacheBytesMax };
    this.#retained = new RetainedLog({ log, state, ...cache });
    this.feed = new Feed({ clock, log, retained: this.#retained, hosts: state.hosts, appliedIndex });
    this.query = new RecentQuery({ hosts: state.hosts, retained: this.#retained, history, futureMaxMs });
    const { random, logger, ttlMs } = options;
    const watermark = (): number => state.watermark;
    this.flusher = new Flusher({
      clock,
      random,
      logger,
      retained: this.#retained,
      history,
      appliedIndex,
      watermark,
      ttlMs,
    });
  }

  get state(): PartitionState {
    return this.options.state;
  }

  /** Bytes of the log that are not in the store yet. */
  get unflushedBytes(): number {
    return this.flusher.plan.unflushedBytes;
  }

  /** True while so much of the log waits for the store that new reports are refused. */
  get logFull(): boolean {
    return this.unflushedBytes > (this.options.logBytesMax ?? LOG_BYTES_MAX) * UNFLUSHED_SHARE_MAX;
  }

  /** What the log's driver calls for each committed entry, in order. */
  readonly apply = (index: number, payload: Buffer): AppliedEntry => {
    const entry = this.state.apply(index, payload);
    this.#retained.add(entry);
    this.flusher.applied(index, payload.length);
    this.feed.wake();
    return entry;
  };

  /** Starts to take reports; call once, after everything in the log was applied. */
  start(proposer: Proposer): void {
    const { clock, state } = this.options;
    state.schemas.sweep();
    this.#proposer = proposer;
    this.#stager = new Stager({
      clock,
      proposer,
      timeMs: () => Math.max(clock.nowMs(), state.timeMs),
      schemas: state.schemas,
    });
    this.#running = this.flusher.run();
    this.#scheduleMaintenance();
  }

  /**
   * Stores reports; resolves when they are durable and applied.
   * @throws {Fault} `unavailable`: `log_full` while the store is too far behind, `not_started`, or the log's
   *   own refusal.
   */
  submit(reports: readonly Report[]): Promise<Outcome> {
    if (this.#stager === undefined)
      return Promise.reject(new Fault('unavailable', 'not started', { reason: 'not_started' }));
    if (this.logFull) {
      const retryAfterMs = RETRY_BASE_MS + this.options.random.next() * RETRY_SPREAD_MS;
      return Promise.reject(
        new Fault('unavailable', 'the store is too far behind', { reason: 'log_full', retryAfterMs }),
      );
    }
    return this.#stager.submit(reports);
  }

  /** Changes settings that apply depends on, through the log. Unchanged settings propose nothing. */
  async changeSettings(settings: PartitionSettings): Promise<void> {
    if (JSON.stringify(settings) === JSON.stringify(this.state.settings)) return;
    await this.#proposer?.propose(encodeControl('settings', settings, this.options.clock.nowMs()));
  }

  /** Flushes for at most `drainMs`, saves a snapshot and stops. */
  async stop(drainMs: number): Promise<void> {
    this.#cancelMaintenance?.();
    this.#stager?.flush();
    await this.#maintaining;
    await this.flusher.stop(drainMs);
    await this.#running;
    await this.#saveSnapshot();
  }

  #scheduleMaintenance(): void {
    this.#cancelMaintenance = this.options.clock.after(MAINTAIN_EVERY_MS, () => {
      this.#maintaining = this.#maintain().finally(() => this.#scheduleMaintenance());
    });
  }

  /** Logs a watermark that has become believable and forgets what is old, flushed and snapshotted. */
  async #maintain(): Promise<void> {
    const { clock, logger } = this.options;
    try {
      const watermark = this.flusher.plan.takeWatermark(clock.monotonicMs());
      if (watermark !== undefined) {
        await this.#proposer?.propose(encodeControl('watermark', { index: watermark }, clock.nowMs()));
      }
      await this.#trim();
    } catch (error) {
      logger.warn({ error: String(error) }, 'maintenance of the partition failed; trying again');
    }
  }

  async #trim(): Promise<void> {
    const { log } = this.options;
    await this.#retained.forget(await this.#keepFrom(), (entry) => this.state.forget(entry));
    const before = this.#retained.firstIndex;
    if (log.trimPoint(before) <= log.firstIndex) return;
    await this.#saveSnapshot();
    await log.trim(before);
  }

  /** First index to keep: by age, or by size when the log is over its limit; never beyond the watermark. */
  async #keepFrom(): Promise<number> {
    const { log, clock, state, logBytesMax = LOG_BYTES_MAX } = this.options;
    const { firstIndex, firstTimeMs } = this.#retained;
    const last = Math.min(state.watermark + 1, log.lastIndex);
    if (log.sizeBytes > logBytesMax)
      return Math.min(last, firstIndex + Math.ceil((log.lastIndex - firstIndex) / 4));
    // A report may be dated ahead of its entry; its twin must be met while such a report is still not late.
    const keepFromMs = clock.nowMs() - state.settings.retainedMs - this.options.futureMaxMs();
    if (firstTimeMs === undefined || firstTimeMs >= keepFromMs) return firstIndex;
    let low = firstIndex;
    let high = Math.max(low, last);
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((await this.#retained.get(middle)).view.timeMs < keepFromMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #saveSnapshot(): Promise<void> {
    const index = this.state.appliedIndex;
    if (index > 0) await this.options.snapshots.save({ index, data: encodeSnapshot(this.state) });
  }
}
