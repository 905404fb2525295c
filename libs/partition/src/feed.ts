/**
 * Applied reports as a stream, from a log index on: the upstream of every subscription.
 *
 * 1. A feed has no queue of its own: it is a cursor over the retained log, as fast as its reader.
 * 2. A cursor of another log, or before the first retained index, gets a reset: the newest report of every
 *    host, then all that follows. No gap, no duplicate, or a reset.
 */
import type { Clock } from '@ringwatch/kernel';
import type { Report } from '@ringwatch/metrics';
import { latestOf, type HostTable } from './host-table.ts';
import type { CommitLog } from './ports.ts';
import { acceptedReports, type RetainedLog } from './retained-log.ts';

export type FeedEvent =
  | {
      readonly kind: 'reset';
      readonly logId: string;
      readonly index: number;
      readonly reports: Report[];
      readonly complete: boolean;
    }
  | { readonly kind: 'applied'; readonly index: number; readonly reports: Report[] }
  | { readonly kind: 'idle'; readonly index: number };

export interface FeedCursor {
  /** Identity of the log that `fromIndex` belongs to; empty for none. */
  readonly logId: string;
  /** First index wanted; 0 for a reset. */
  readonly fromIndex: number;
}

/** Reports in one event of a reset. */
const RESET_REPORTS = 500;
/** Silence after which an idle event tells that the stream lives, milliseconds. */
export const IDLE_MS = 1_000;

export interface FeedOptions {
  readonly clock: Clock;
  readonly log: CommitLog;
  readonly retained: RetainedLog;
  readonly hosts: HostTable;
  readonly appliedIndex: () => number;
}

export class Feed {
  readonly #waiting = new Set<() => void>();

  constructor(private readonly options: FeedOptions) {}

  /** Tells waiting readers that something was applied. */
  wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Events from `cursor` on, until `signal` aborts. */
  async *read(cursor: FeedCursor, signal: AbortSignal): AsyncGenerator<FeedEvent> {
    const { log, retained, appliedIndex } = this.options;
    let next = cursor.fromIndex;
    const known = cursor.logId === log.logId && next > 0 && next <= appliedIndex() + 1;
    if (!known) next = 0;
    while (!signal.aborted) {
      if (next < retained.firstIndex) {
        const index = appliedIndex();
        yield* this.#reset(index);
        next = index + 1;
      } else if (next <= appliedIndex()) {
        const reports = acceptedReports(await retained.get(next));
        if (reports.length > 0) yield { kind: 'applied', index: next, reports };
        next++;
      } else if (!(await this.#awaitApplied(signal))) {
        yield { kind: 'idle', index: appliedIndex() };
      }
    }
  }

  /**
   * The newest report of every host as of `index`, in one or more events. Synchronous, so it is one instant's
   * picture.
   */
  *#reset(index: number): Generator<FeedEvent> {
    const all: Report[] = [];
    for (const host of this.options.hosts.values()) {
      const latest = latestOf(host);
      if (latest !== undefined) all.push(latest);
    }
    const { logId } = this.options.log;
    for (let at = 0; at === 0 || at < all.length; at += RESET_REPORTS) {
      const reports = all.slice(at, at + RESET_REPORTS);
      yield { kind: 'reset', logId, index, reports, complete: at + RESET_REPORTS >= all.length };
    }
  }

  /** True when something was applied, false after {@link IDLE_MS} of silence or an abort. */
  #awaitApplied(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (applied: boolean): void => {
        cancel();
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', stop);
        resolve(applied);
      };
      const wake = (): void => finish(true);
      const stop = (): void => finish(false);
      const cancel = this.options.clock.after(IDLE_MS, stop);
      this.#waiting.add(wake);
      signal.addEventListener('abort', stop, { once: true });
    });
  }
}
