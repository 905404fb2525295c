/**
 * The partition's state machine: entries in, their outcome out. Pure: an entry carries its own time, and
 * nothing else is looked at, so every replica that applies the same entries holds the same state.
 *
 * 1. (host, timestamp) is a report's key: equal content again is a duplicate, other content a conflict; the
 *    first stays.
 * 2. A report older than the retained log is late: accepted for history, not in the index of recent reports.
 * 3. Time never goes back: an entry's time counts as at least that of the entry before.
 * 4. Quotas (new hosts, new schemas) count by the hour of the entry's time.
 */
import { crc32 } from 'node:zlib';
import { type Report, SchemaTable } from '@ringwatch/metrics';
import { EntryView } from './entry.ts';
import { HostTable, observe, type HostRecord } from './host-table.ts';

/** What became of one report. The numbers are stored nowhere. */
export const ReportStatus = {
  accepted: 0,
  duplicate: 1,
  conflict: 2,
  late: 3,
  hostQuota: 4,
  schemaQuota: 5,
} as const;
export type ReportStatus = (typeof ReportStatus)[keyof typeof ReportStatus];

/** Settings that apply depends on; they change only by an entry. */
export interface PartitionSettings {
  /** How far back the retained log reaches, milliseconds. */
  readonly retainedMs: number;
  readonly newHostsPerHourMax: number;
  readonly newSchemasPerHostHourMax: number;
}

/** An applied entry with the fate of each of its reports. */
export interface AppliedEntry {
  readonly index: number;
  readonly view: EntryView;
  /** A {@link ReportStatus} per report; empty for control entries. */
  readonly statuses: Uint8Array;
}

const HOUR_MS = 3_600_000;

export class PartitionState {
  readonly hosts = new HostTable();
  readonly schemas = new SchemaTable();
  appliedIndex = 0;
  /** Time of the newest entry, Unix milliseconds. */
  timeMs = 0;
  /** Every entry up to here is in the store, so says the log. */
  watermark = 0;
  conflicts = 0;
  #hostHour = 0;
  #hostCount = 0;

  constructor(public settings: PartitionSettings) {}

  /**
   * Applies the entry at `index`. An entry that a snapshot already covers (`index <= appliedIndex`) only
   * finds its way back into the index of recent reports.
   */
  apply(index: number, payload: Buffer): AppliedEntry {
    const view = new EntryView(payload, this.schemas);
    const covered = index <= this.appliedIndex;
    if (!covered) {
      this.appliedIndex = index;
      this.timeMs = Math.max(this.timeMs, view.timeMs);
    }
    if (view.kind !== 'reports') {
      if (!covered) this.#applyControl(view);
      return { index, view, statuses: new Uint8Array(0) };
    }
    const statuses = new Uint8Array(view.count);
    const timeMs = covered ? view.timeMs : this.timeMs;
    let i = 0;
    for (const offset of view.offsets())
      statuses[i++] = this.#applyReport(index, view, offset, timeMs, covered);
    return { index, view, statuses };
  }

  /** Takes the reports of a trimmed entry out of the index of recent reports. */
  forget({ index, view }: AppliedEntry): void {
    if (view.kind !== 'reports') return;
    for (const offset of view.offsets()) {
      const { hostId, timestamp } = view.reportAt(offset);
      this.hosts.get(hostId)?.timeline.remove(timestamp, index);
    }
  }

  #applyControl(view: EntryView): void {
    switch (view.kind) {
      case 'watermark':
        this.watermark = Math.max(this.watermark, (view.control() as { index: number }).index);
        return;
      case 'settings':
        this.settings = view.control() as PartitionSettings;
        return;
      case 'reports':
    }
  }

  #applyReport(
    index: number,
    view: EntryView,
    offset: number,
    timeMs: number,
    covered: boolean,
  ): ReportStatus {
    const report = view.reportAt(offset);
    const known = this.hosts.get(report.hostId);
    const place = known?.timeline.find(report.timestamp);
    if (place !== undefined) {
      if (place.fingerprint === fingerprintOf(view, offset, report)) return ReportStatus.duplicate;
      if (!covered) this.conflicts++;
      return ReportStatus.conflict;
    }
    const late = report.timestamp * 1_000 < timeMs - this.settings.retainedMs;
    if (covered) {
      // The snapshot has what the report says of its host; a host it does not have was refused by a quota.
      if (known === undefined) return ReportStatus.hostQuota;
    } else {
      const refused = this.#checkQuotas(known, report, timeMs);
      if (refused !== undefined) return refused;
    }
    const host = known ?? this.#addHost(report.hostId, timeMs);
    if (!covered) observe(host, report, timeMs);
    if (late) return ReportStatus.late;
    host.timeline.insert(report.timestamp, index, offset, fingerprintOf(view, offset, report));
    return ReportStatus.accepted;
  }

  #addHost(hostId: string, timeMs: number): HostRecord {
    this.#hostCount++;
    return this.hosts.add(hostId, timeMs);
  }

  #checkQuotas(host: HostRecord | undefined, report: Report, timeMs: number): ReportStatus | undefined {
    const hour = Math.floor(timeMs / HOUR_MS);
    if (host === undefined) {
      if (hour !== this.#hostHour) {
        this.#hostHour = hour;
        this.#hostCount = 0;
      }
      return this.#hostCount >= this.settings.newHostsPerHourMax ? ReportStatus.hostQuota : undefined;
    }
    if (host.latestSchema === report.schema) return undefined;
    if (hour !== host.schemaHour) {
      host.schemaHour = hour;
      host.schemaCount = 0;
    }
    if (host.schemaCount >= this.settings.newSchemasPerHostHourMax) return ReportStatus.schemaQuota;
    host.schemaCount++;
    return undefined;
  }
}

/** CRC-32 over schema, interval, labels and values: equal for equal content, whichever entry it came in. */
function fingerprintOf(view: EntryView, offset: number, report: Report): number {
  // The record's schema number is local to its entry, so it is replaced by the schema's hash.
  return crc32(view.recordAt(offset).subarray(12), crc32(report.schema.hash));
}
