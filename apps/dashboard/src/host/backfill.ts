/** Brings a host's recent past by query, page after page, into its window. */
import { getMetrics, type MetricsPage } from '../live/rest.ts';

/** Pages asked for at most; a gateway that never comes to an end is not followed for ever. */
const PAGES_MAX = 20;

export interface Backfill {
  /** What the answers lack, in the gateway's words. */
  readonly missing: readonly string[];
}

export type FetchPage = (start: number, signal: AbortSignal) => Promise<MetricsPage>;

/**
 * Reports of [start, end) of a host, handed to `take` page by page.
 * @throws {Problem} when the gateway refuses; what came before it was taken.
 */
export async function backfill(
  fetchPage: FetchPage,
  start: number,
  signal: AbortSignal,
  take: (reports: MetricsPage['reports']) => void,
): Promise<Backfill> {
  const missing = new Set<string>();
  let from: number | undefined = start;
  for (let pages = 0; from !== undefined && pages < PAGES_MAX; pages++) {
    const page: MetricsPage = await fetchPage(from, signal);
    if (signal.aborted) break;
    for (const what of page.missing) missing.add(what);
    take(page.reports);
    from = page.nextStart !== undefined && page.nextStart > from ? page.nextStart : undefined;
  }
  return { missing: [...missing] };
}

/** Asks the gateway for what lies before `end` (inclusive; the report that the push began with). */
export function pagesUntil(hostId: string, end: number): FetchPage {
  const exclusiveEnd = end + 0.001;
  return (start, signal) => getMetrics(hostId, start, exclusiveEnd, signal);
}
