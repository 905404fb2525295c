/**
 * Reads of one host: the recent past from the retained log, what lies before from the history, merged by
 * timestamp.
 *
 * 1. The retained log is asked first and wins: it has what was acknowledged but not flushed yet.
 * 2. The history is asked only for what the retained log cannot prove to have completely.
 * 3. When the history does not answer, the answer says what is missing instead of failing.
 */
import { toFault } from '@ringwatch/kernel';
import type { Report } from '@ringwatch/metrics';
import type { HostTable } from './host-table.ts';
import type { ReportHistory } from './ports.ts';
import type { RetainedLog } from './retained-log.ts';
import type { Place } from './timeline.ts';

export interface RangeAnswer {
  /** Oldest first. */
  readonly reports: readonly Report[];
  /** Where to go on when the limit was reached, Unix seconds. */
  readonly nextStart: number | undefined;
  /** What could not be read, in words. */
  readonly missing: readonly string[];
}

export interface RecentQueryOptions {
  readonly hosts: HostTable;
  readonly retained: RetainedLog;
  readonly history: ReportHistory;
  /** How far a report's timestamp may lie ahead of the time it was logged, milliseconds. */
  readonly futureMaxMs: () => number;
}

export class RecentQuery {
  constructor(private readonly options: RecentQueryOptions) {}

  /** The report of `hostId` at exactly `timestamp` (Unix seconds), if any is stored. */
  async point(hostId: string, timestamp: number): Promise<RangeAnswer> {
    const place = this.options.hosts.get(hostId)?.timeline.find(timestamp);
    if (place !== undefined) return { reports: await this.#read([place]), nextStart: undefined, missing: [] };
    try {
      const report = await this.options.history.point(hostId, timestamp);
      return { reports: report === undefined ? [] : [report], nextStart: undefined, missing: [] };
    } catch (error) {
      return { reports: [], nextStart: undefined, missing: [describeMissing(timestamp, error)] };
    }
  }

  /** Reports of `hostId` with start <= timestamp < end (Unix seconds), oldest first, at most `limit`. */
  async range(hostId: string, start: number, end: number, limit: number): Promise<RangeAnswer> {
    // One more than the limit tells whether anything follows.
    const places = this.options.hosts.get(hostId)?.timeline.range(start, end, limit + 1) ?? [];
    const recent = await this.#read(places);
    const completeFrom = this.#completeFrom();
    if (start >= completeFrom) return page(recent, limit, []);
    try {
      const older = await this.options.history.range(hostId, start, Math.min(end, completeFrom), limit + 1);
      return page(merge(older, recent), limit, []);
    } catch (error) {
      return page(recent, limit, [describeMissing(Math.min(end, completeFrom), error)]);
    }
  }

  /** Every stored report from here on is in the retained log: Unix seconds. */
  #completeFrom(): number {
    const { retained, futureMaxMs } = this.options;
    if (retained.firstTimeMs === undefined) return Number.POSITIVE_INFINITY;
    return (retained.firstTimeMs + futureMaxMs()) / 1_000;
  }

  async #read(places: readonly Place[]): Promise<Report[]> {
    const reports: Report[] = [];
    for (const { index, offset } of places)
      reports.push((await this.options.retained.get(index)).view.reportAt(offset));
    return reports;
  }
}

/** Both lists are sorted by timestamp; on equal timestamps `recent` wins. */
function merge(older: readonly Report[], recent: readonly Report[]): Report[] {
  const merged: Report[] = [];
  let at = 0;
  for (const report of recent) {
    while (at < older.length && (older[at] as Report).timestamp < report.timestamp)
      merged.push(older[at++] as Report);
    if (older[at]?.timestamp === report.timestamp) at++;
    merged.push(report);
  }
  return merged.concat(older.slice(at));
}

function page(reports: readonly Report[], limit: number, missing: readonly string[]): RangeAnswer {
  return { reports: reports.slice(0, limit), nextStart: reports[limit]?.timestamp, missing };
}

function describeMissing(before: number, error: unknown): string {
  const until = Number.isFinite(before) ? ` before ${new Date(before * 1_000).toISOString()}` : '';
  return `history${until}: ${toFault(error).message}`;
}
