/**
 * The recent past: applied entries, the newest of them cached off the heap, the rest read back from the log.
 *
 * 1. The cache holds at most `cacheBytesMax` of payload; the oldest entry leaves first.
 */
import { EntryView } from './entry.ts';
import type { Report } from '@ringwatch/metrics';
import { ReportStatus, type AppliedEntry, type PartitionState } from './partition-state.ts';
import type { CommitLog } from './ports.ts';

export interface RetainedLogOptions {
  readonly log: CommitLog;
  readonly state: Pick<PartitionState, 'schemas' | 'oddStatuses'>;
  /** Bytes of entries kept in memory. Default 256 MiB. */
  readonly cacheBytesMax?: number;
}

const CACHE_BYTES_MAX = 256 * 1024 * 1024;

export class RetainedLog {
  readonly #cache = new Map<number, AppliedEntry>();
  #cacheBytes = 0;
  #firstTimeMs: number | undefined;
  #firstIndex: number;

  constructor(private readonly options: RetainedLogOptions) {
    this.#firstIndex = options.log.firstIndex;
  }

  /** First index that is not forgotten; the log may hold more for a while. */
  get firstIndex(): number {
    return this.#firstIndex;
  }

  /** Time of the oldest retained entry, Unix milliseconds; undefined while there is none. */
  get firstTimeMs(): number | undefined {
    return this.#firstTimeMs;
  }

  /** Takes in an entry that was just applied; entries come in order. */
  add(entry: AppliedEntry): void {
    this.#firstTimeMs ??= entry.view.timeMs;
    this.#cache.set(entry.index, entry);
    this.#cacheBytes += entry.view.bytes.length;
    for (const [index, oldest] of this.#cache) {
      if (this.#cacheBytes <= (this.options.cacheBytesMax ?? CACHE_BYTES_MAX) || index === entry.index) break;
      this.#evict(index, oldest);
    }
  }

  /** The entry at `index`. @throws {Fault} `out_of_range` when it is not retained. */
  async get(index: number): Promise<AppliedEntry> {
    const cached = this.#cache.get(index);
    if (cached !== undefined) return cached;
    const view = new EntryView(await this.options.log.read(index), this.options.state.schemas);
    const statuses =
      this.options.state.oddStatuses.get(index) ?? new Uint8Array(view.kind === 'reports' ? view.count : 0);
    return { index, view, statuses };
  }

  /**
   * Forgets the entries before `before`, handing each to `forgotten` on its way out. The log itself is not
   * touched.
   */
  async forget(before: number, forgotten: (entry: AppliedEntry) => void): Promise<void> {
    while (this.#firstIndex < before) {
      const entry = await this.get(this.#firstIndex);
      forgotten(entry);
      this.#evict(entry.index, entry);
      this.#firstIndex++;
    }
    const { log } = this.options;
    this.#firstTimeMs =
      this.#firstIndex <= log.lastIndex ? (await this.get(this.#firstIndex)).view.timeMs : undefined;
  }

  #evict(index: number, entry: AppliedEntry): void {
    if (this.#cache.delete(index)) this.#cacheBytes -= entry.view.bytes.length;
  }
}

/** The reports of an entry that count: accepted ones, and late ones flagged so. */
export function acceptedReports({ view, statuses }: AppliedEntry): Report[] {
  const reports: Report[] = [];
  if (view.kind !== 'reports') return reports;
  let i = 0;
  for (const offset of view.offsets()) {
    const status = statuses[i++];
    if (status === ReportStatus.accepted) reports.push(view.reportAt(offset));
    else if (status === ReportStatus.late) reports.push({ ...view.reportAt(offset), late: true });
  }
  return reports;
}
