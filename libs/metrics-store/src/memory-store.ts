import { systemClock } from '@ringwatch/kernel/system';
import type { Clock } from '@ringwatch/kernel';
import { sameReport, type Report } from '@ringwatch/metrics';
import type { MetricsStore, StoredHost, WriteOutcome } from './metrics-store.ts';

interface Kept {
  readonly report: Report;
  readonly expiresAtMs: number;
}

/**
 * The store's twin in memory, for tests and for trying things out. Keeps expired reports until they are met.
 */
export class MemoryStore implements MetricsStore {
  readonly kind = 'memory';
  readonly #reports = new Map<string, Map<number, Kept>>();
  readonly #hosts = new Map<string, StoredHost>();

  constructor(private readonly clock: Clock = systemClock) {}

  async write(reports: readonly Report[], ttlMs: number): Promise<readonly WriteOutcome[]> {
    return reports.map((report) => this.#writeOne(report, ttlMs));
  }

  async point(hostId: string, timestamp: number): Promise<Report | undefined> {
    return this.#alive(hostId, timestamp);
  }

  async range(hostId: string, start: number, end: number, limit: number): Promise<Report[]> {
    const timestamps = [...(this.#reports.get(hostId)?.keys() ?? [])].filter((at) => at >= start && at < end);
    const reports: Report[] = [];
    for (const timestamp of timestamps.sort((a, b) => a - b)) {
      const report = this.#alive(hostId, timestamp);
      if (report !== undefined && reports.length < limit) reports.push(report);
    }
    return reports;
  }

  async host(hostId: string): Promise<StoredHost | undefined> {
    return this.#hosts.get(hostId);
  }

  async hostIds(offset: number, limit: number): Promise<string[]> {
    const hosts = [...this.#hosts.values()].sort((a, b) => b.lastSeen - a.lastSeen);
    return hosts.slice(offset, offset + limit).map(({ hostId }) => hostId);
  }

  async identity(): Promise<string> {
    return 'memory';
  }

  async close(): Promise<void> {}

  #writeOne(report: Report, ttlMs: number): WriteOutcome {
    const stored = this.#alive(report.hostId, report.timestamp);
    if (stored !== undefined) return sameReport(stored, report) ? 'duplicate' : 'conflict';
    const ofHost = this.#reports.get(report.hostId) ?? new Map<number, Kept>();
    this.#reports.set(report.hostId, ofHost);
    ofHost.set(report.timestamp, { report, expiresAtMs: this.clock.nowMs() + ttlMs });
    this.#hosts.set(report.hostId, mergeHost(this.#hosts.get(report.hostId), report));
    return 'written';
  }

  #alive(hostId: string, timestamp: number): Report | undefined {
    const ofHost = this.#reports.get(hostId);
    const kept = ofHost?.get(timestamp);
    if (kept === undefined || kept.expiresAtMs > this.clock.nowMs()) return kept?.report;
    ofHost?.delete(timestamp);
    return undefined;
  }
}

/** What is known of a host after one more of its reports was stored. */
function mergeHost(known: StoredHost | undefined, report: Report): StoredHost {
  const { hostId, timestamp, labels } = report;
  if (known === undefined)
    return { hostId, firstSeen: timestamp, lastSeen: timestamp, labels, latest: report };
  const firstSeen = Math.min(known.firstSeen, timestamp);
  if (timestamp < known.lastSeen) return { ...known, firstSeen };
  return { hostId, firstSeen, lastSeen: timestamp, labels: labels ?? known.labels, latest: report };
}
