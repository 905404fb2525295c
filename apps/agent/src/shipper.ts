/**
 * From the buffer to the brokers, oldest first, a few batches under way at a time. Reports leave the disk
 * only when their fate is known: stored, a duplicate, or refused for good, which is counted and logged.
 */
import type { BatchResult } from '@ringwatch/broker-client';
import { Fault, toFault, type Logger } from '@ringwatch/kernel';
import type { Report } from '@ringwatch/metrics';
import type { DiskBuffer, Taken } from './buffer/disk-buffer.ts';

/** Where reports go; `IngestStream` is one. */
export interface ReportSink {
  send(reports: readonly Report[]): Promise<BatchResult>;
}

/** Fates of reports since start. */
export interface ShipCounts {
  stored: number;
  duplicates: number;
  /** By the reason that the broker gave. */
  readonly refused: Record<string, number>;
}

/** Reports in a batch: a backlog goes out in few large batches. */
const BATCH_REPORTS = 500;
/** Batches under way; the sink would queue more, but then they would only wait in memory. */
const SENDING_MAX = 4;

export class Shipper {
  readonly counts: ShipCounts = { stored: 0, duplicates: 0, refused: {} };
  readonly #buffer: DiskBuffer;
  readonly #sink: ReportSink;
  readonly #logger: Logger;
  #sending = 0;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(buffer: DiskBuffer, sink: ReportSink, logger: Logger) {
    this.#buffer = buffer;
    this.#sink = sink;
    this.#logger = logger;
  }

  /** Sends what waits; to be called whenever something was appended. */
  pump(): void {
    while (!this.#closed && this.#sending < SENDING_MAX) {
      const taken = this.#take();
      if (taken === undefined) break;
      this.#sending++;
      void this.#send(taken).finally(() => {
        this.#sending--;
        this.pump();
      });
    }
    if (this.#sending === 0) for (const wake of this.#idle.splice(0)) wake();
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.#sending === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Takes nothing more from the buffer. */
  close(): void {
    this.#closed = true;
  }

  #take(): Taken | undefined {
    try {
      return this.#buffer.take(BATCH_REPORTS);
    } catch (error) {
      this.#logger.error({ error }, 'buffered reports cannot be read and are lost');
      return undefined;
    }
  }

  async #send(taken: Taken): Promise<void> {
    try {
      this.#count(await this.#sink.send(taken.reports));
      taken.done();
    } catch (error) {
      // The stream was closed: what was under way stays on disk for the next process.
      this.#closed = true;
      const fault = toFault(error);
      if (fault.code !== 'cancelled') this.#logger.error({ error: fault }, 'cannot send until restarted');
    }
  }

  #count({ accepted, duplicates, refusals }: BatchResult): void {
    this.counts.stored += accepted;
    this.counts.duplicates += duplicates;
    const reasons = new Map<string, Fault>(refusals.map(({ fault }) => [fault.reason, fault]));
    for (const { fault } of refusals) {
      this.counts.refused[fault.reason] = (this.counts.refused[fault.reason] ?? 0) + 1;
    }
    for (const [reason, { code, detail }] of reasons) {
      this.#logger.warn({ reason, code, detail, reports: refusals.length }, 'brokers refused reports');
    }
  }
}
