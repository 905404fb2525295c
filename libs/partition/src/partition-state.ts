/**
 * The partition's state machine: entries in, their outcome out. Pure: an entry carries its own time, and
 * nothing else is looked at, so every replica that applies the same entries holds the same state.
 *
 * 1. (host, timestamp) is a report's key: equal content again is a duplicate, other content a conflict; the
 *    first stays.
 * 2. A report older than the retained log is late: accepted for history, which knows duplicates by itself.
 * 3. Time never goes back: an entry's time counts as at least that of the entry before.
 * 4. Quotas (new hosts, new schemas) count by the hour of the entry's time.
 * 5. What was decided stays decided: statuses of entries that a snapshot covers come from the snapshot.
 */
import { assert } from '@ringwatch/kernel';
import type { Report } from '@ringwatch/metrics';
import { EntryView } from './entry.ts';
import { fingerprintOf } from './fingerprint.ts';
import { HostTable, observe, type HostRecord } from './host-table.ts';
import { SchemaRegistry } from './schema-registry.ts';

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
  readonly schemas = new SchemaRegistry();
  /** Statuses of the retained entries in which not everything was accepted. */
  readonly oddStatuses = new Map<number, Uint8Array>();
  appliedIndex = 0;
  /** Time of the newest entry, Unix milliseconds. */
  timeMs = 0;
  /** Every entry up to here is in the store, so says the log. */
  watermark = 0;
  conflicts = 0;
  /** Hosts first seen in the hour (since the epoch) of the newest one. */
  newHosts = { hour: 0, count: 0 };

  constructor(public settings: PartitionSettings) {}

  /**
   * Applies the entry at `index`. An entry that a snapshot already covers (`index <= appliedIndex`) only
   * finds its way back into the index of recent reports.
   */
  apply(index: number, payload: Buffer): AppliedEntry {
    const view = new EntryView(payload, this.schemas);
    for (const schema of view.schemas) this.schemas.retain(schema);
    if (index <= this.appliedIndex) return this.#recall(index, view);
    this.appliedIndex = index;
    this.timeMs = Math.max(this.timeMs, view.timeMs);
    if (view.kind !== 'reports') {
      this.#applyControl(view);
      return { index, view, statuses: new Uint8Array(0) };
    }
    const statuses = new Uint8Array(view.count);
    let i = 0;
    for (const offset of view.offsets()) statuses[i++] = this.#applyReport(index, view, offset);
    if (statuses.some((status) => status !== ReportStatus.accepted)) this.oddStatuses.set(index, statuses);
    return { index, view, statuses };
  }

  /** Lets go of a trimmed entry: its reports leave the index of recent ones. */
  forget({ index, view }: AppliedEntry): void {
    this.oddStatuses.delete(index);
    for (const offset of view.offsets()) {
      const { hostId, timestamp } = view.reportAt(offset);
      this.hosts.get(hostId)?.timeline.remove(timestamp, index);
    }
    for (const schema of view.schemas) this.schemas.release(schema);
  }

  /** Puts a covered entry's accepted reports back into the index. */
  #recall(index: number, view: EntryView): AppliedEntry {
    const count = view.kind === 'reports' ? view.count : 0;
    const statuses = this.oddStatuses.get(index) ?? new Uint8Array(count);
    let i = 0;
    for (const offset of view.offsets()) {
      if (statuses[i++] !== ReportStatus.accepted) continue;
      const report = view.reportAt(offset);
      const host = this.hosts.get(report.hostId);
      assert(host !== undefined, 'a snapshot has the host of every report that it covers');
      host.timeline.insert(report.timestamp, index, offset, fingerprintAt(view, offset, report));
    }
    return { index, view, statuses };
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

  #applyReport(index: number, view: EntryView, offset: number): ReportStatus {
    const report = view.reportAt(offset);
    const known = this.hosts.get(report.hostId);
    const late = report.timestamp * 1_000 < this.timeMs - this.settings.retainedMs;
    const fingerprint = fingerprintAt(view, offset, report);
    const place = late ? undefined : known?.timeline.find(report.timestamp);
    if (place !== undefined) {
      if (place.fingerprint === fingerprint) return ReportStatus.duplicate;
      this.conflicts++;
      return ReportStatus.conflict;
    }
    const hour = Math.floor(this.timeMs / HOUR_MS);
    if (known === undefined && !this.#admitsHost(hour)) return ReportStatus.hostQuota;
    if (known !== undefined && !this.#admitsSchema(known, report, hour)) return ReportStatus.schemaQuota;
    const host = known ?? this.#addHost(report, hour);
    this.#observe(host, report);
    if (late) return ReportStatus.late;
    host.timeline.insert(report.timestamp, index, offset, fingerprint);
    return ReportStatus.accepted;
  }

  #addHost(report: Report, hour: number): HostRecord {
    this.newHosts.count++;
    const host = this.hosts.add(report.hostId, this.timeMs);
    host.schemaHour = hour;
    host.hourSchemas.add(report.schema.hash);
    return host;
  }

  /** The newest report keeps its schema alive as long as it is the newest. */
  #observe(host: HostRecord, report: Report): void {
    const before = host.latestSchema;
    observe(host, report, this.timeMs);
    if (host.latestSchema === before) return;
    this.schemas.retain(report.schema);
    if (before !== undefined) this.schemas.release(before);
  }

  #admitsHost(hour: number): boolean {
    if (hour !== this.newHosts.hour) this.newHosts = { hour, count: 0 };
    return this.newHosts.count < this.settings.newHostsPerHourMax;
  }

  /** A schema is new when the host used it neither in this hour nor last before it. */
  #admitsSchema(host: HostRecord, { schema }: Report, hour: number): boolean {
    if (hour !== host.schemaHour) {
      host.schemaHour = hour;
      host.hourSchemas = new Set(host.latestSchema && [host.latestSchema.hash]);
    }
    if (host.hourSchemas.has(schema.hash)) return true;
    if (host.hourSchemas.size > this.settings.newSchemasPerHostHourMax) return false;
    host.hourSchemas.add(schema.hash);
    return true;
  }
}

/**
 * Of interval, timestamp, host, labels and values; the record's schema number is local, so its hash is the
 * salt.
 */
function fingerprintAt(view: EntryView, offset: number, report: Report): number {
  return fingerprintOf(view.recordAt(offset).subarray(12), report.schema.hash);
}
