/**
 * The store inside the process, on lmdb: what a deployment without Redis uses (decision D11).
 *
 *     reports   [hostId, timestamp]             → f64 expiry, Unix ms | codec columns
 *     expiries  [expiry in s, number]           → JSON of the keys that one write call made, oldest first
 *     schemas   hash                            → keys joined by "\n"
 *     hosts     hostId                          → JSON: first, last seen, labels, the newest report
 *     meta      "identity"                      → random, made with the database
 *
 * 1. One write call is one transaction. The sweep deletes in bounded transactions between writes.
 * 2. Expired reports are invisible at once, whether swept or not.
 * 3. What is known of hosts is written behind, every second; a crash loses at most that, and writing the last
 *    minute again, as a broker does after a restart, brings it back.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, Fault, silentLogger, toFault, type Logger } from '@ringwatch/kernel';
import { systemClock } from '@ringwatch/kernel/system';
import {
  columnsSchemaHash,
  decodeColumns,
  encodeColumns,
  SchemaTable,
  type Labels,
  type Report,
  type Schema,
} from '@ringwatch/metrics';
import { open, type Database, type RootDatabase } from 'lmdb';
import { mergeHost } from './memory-store.ts';
import type { MetricsStore, StoredHost, WriteOutcome } from './metrics-store.ts';

export interface EmbeddedStoreOptions {
  /** Folder of the database; created when missing. One process at a time. */
  readonly folder: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

type ReportKey = [hostId: string, timestamp: number];
type ExpiryKey = [expirySeconds: number, serial: number];
interface HostDocument {
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly labels?: Labels;
  /** Base64 of the newest report in columns. */
  readonly latest: string;
}

const EXPIRY_BYTES = 8;
const MAINTAIN_EVERY_MS = 1_000;
/** Write calls whose reports one sweep deletes at most, so that it never holds up writes for long. */
const SWEEP_CALLS_MAX = 200;

export class EmbeddedStore implements MetricsStore {
  readonly kind = 'embedded';
  readonly #root: RootDatabase<string, string>;
  readonly #reports: Database<Buffer, ReportKey>;
  readonly #expiries: Database<ReportKey[], ExpiryKey>;
  readonly #schemas: Database<string, string>;
  readonly #hosts: Database<HostDocument, string>;
  readonly #known = new SchemaTable();
  /** Hosts that are newer here than in the database. */
  readonly #unsavedHosts = new Map<string, StoredHost>();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #identity: string;
  #serial = 0;
  #cancelMaintenance: (() => void) | undefined;
  #maintaining: Promise<void> = Promise.resolve();

  private constructor(options: EmbeddedStoreOptions, identity: string, root: RootDatabase<string, string>) {
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#identity = identity;
    this.#root = root;
    this.#reports = root.openDB({ name: 'reports', encoding: 'binary' });
    this.#expiries = root.openDB({ name: 'expiries', encoding: 'json' });
    this.#schemas = root.openDB({ name: 'schemas', encoding: 'string' });
    this.#hosts = root.openDB({ name: 'hosts', encoding: 'json' });
    this.#scheduleMaintenance();
  }

  /**
   * Opens or creates the database in `options.folder`. @throws {Fault} `unavailable` when it cannot be
   * opened.
   */
  static async open(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
    try {
      const root = open<string, string>({ path: options.folder, maxDbs: 8, encoding: 'string' });
      const identity = root.get('identity') ?? randomUUID();
      await root.put('identity', identity);
      return new EmbeddedStore(options, identity, root);
    } catch (error) {
      throw new Fault('unavailable', `the embedded store in ${options.folder} does not open`, {
        cause: error,
      });
    }
  }

  async write(reports: readonly Report[], ttlMs: number): Promise<readonly WriteOutcome[]> {
    const expiresAtMs = this.#clock.nowMs() + ttlMs;
    try {
      return await this.#root.transaction(() => this.#writeAll(reports, expiresAtMs));
    } catch (error) {
      throw toFault(error, 'unavailable');
    }
  }

  async point(hostId: string, timestamp: number): Promise<Report | undefined> {
    return this.#alive(hostId, this.#reports.get([hostId, timestamp]));
  }

  async range(hostId: string, start: number, end: number, limit: number): Promise<Report[]> {
    const reports: Report[] = [];
    const from = Number.isFinite(start) ? start : 0;
    const until = Math.min(end, Number.MAX_VALUE);
    for (const { value } of this.#reports.getRange({ start: [hostId, from], end: [hostId, until] })) {
      if (reports.length >= limit) break;
      const report = this.#alive(hostId, value);
      if (report !== undefined) reports.push(report);
    }
    return reports;
  }

  async host(hostId: string): Promise<StoredHost | undefined> {
    return this.#unsavedHosts.get(hostId) ?? this.#savedHost(hostId);
  }

  async hostIds(offset: number, limit: number): Promise<string[]> {
    await this.#saveHosts();
    const seen = Array.from(this.#hosts.getRange(), ({ key, value }) => ({ key, lastSeen: value.lastSeen }));
    seen.sort((a, b) => b.lastSeen - a.lastSeen);
    return seen.slice(offset, offset + limit).map(({ key }) => key);
  }

  async identity(): Promise<string> {
    return this.#identity;
  }

  async close(): Promise<void> {
    this.#cancelMaintenance?.();
    await this.#maintaining;
    await this.#saveHosts();
    await this.#root.close();
  }

  /** Deletes expired reports, of at most {@link SWEEP_CALLS_MAX} write calls; resolves with their number. */
  async sweep(): Promise<number> {
    const nowMs = this.#clock.nowMs();
    const end = [Math.floor(nowMs / 1_000) + 1] as unknown as ExpiryKey;
    const expired = Array.from(this.#expiries.getRange({ end, limit: SWEEP_CALLS_MAX }));
    let swept = 0;
    if (expired.length === 0) return swept;
    await this.#root.transaction(() => {
      for (const { key, value: reportKeys } of expired) {
        for (const reportKey of reportKeys) {
          const stored = this.#reports.get(reportKey);
          // The report may have been written again with a later expiry.
          if (stored === undefined || stored.readDoubleLE(0) > nowMs) continue;
          this.#reports.removeSync(reportKey);
          swept++;
        }
        this.#expiries.removeSync(key);
      }
    });
    return swept;
  }

  #writeAll(reports: readonly Report[], expiresAtMs: number): WriteOutcome[] {
    const written: ReportKey[] = [];
    const outcomes = reports.map((report) => {
      const outcome = this.#writeOne(report, expiresAtMs);
      if (outcome === 'written') written.push([report.hostId, report.timestamp]);
      return outcome;
    });
    if (written.length > 0)
      this.#expiries.putSync([Math.ceil(expiresAtMs / 1_000), this.#nextSerial()], written);
    return outcomes;
  }

  /** Distinct among the calls of one expiry second, over restarts too. */
  #nextSerial(): number {
    this.#serial = Math.max(this.#serial + 1, this.#clock.nowMs() * 1_000);
    return this.#serial;
  }

  #writeOne(report: Report, expiresAtMs: number): WriteOutcome {
    const key: ReportKey = [report.hostId, report.timestamp];
    const columns = encodeColumns(report);
    const stored = this.#reports.get(key);
    if (stored !== undefined && stored.readDoubleLE(0) > this.#clock.nowMs()) {
      return stored.subarray(EXPIRY_BYTES).equals(columns) ? 'duplicate' : 'conflict';
    }
    const value = Buffer.allocUnsafe(EXPIRY_BYTES + columns.length);
    value.writeDoubleLE(expiresAtMs, 0);
    columns.copy(value, EXPIRY_BYTES);
    this.#keepSchema(report.schema);
    this.#reports.putSync(key, value);
    const known = this.#unsavedHosts.get(report.hostId) ?? this.#savedHost(report.hostId);
    this.#unsavedHosts.set(report.hostId, mergeHost(known, report));
    return 'written';
  }

  #keepSchema(schema: Schema): void {
    if (this.#known.get(schema.hash) !== undefined) return;
    this.#schemas.putSync(schema.hash, schema.keys.join('\n'));
    this.#known.intern(schema);
  }

  #savedHost(hostId: string): StoredHost | undefined {
    const document = this.#hosts.get(hostId);
    if (document === undefined) return undefined;
    const { firstSeen, lastSeen, labels, latest } = document;
    return {
      hostId,
      firstSeen,
      lastSeen,
      labels,
      latest: this.#decode(hostId, Buffer.from(latest, 'base64')),
    };
  }

  async #saveHosts(): Promise<void> {
    const hosts = [...this.#unsavedHosts.values()];
    if (hosts.length === 0) return;
    await this.#root.transaction(() => {
      for (const { hostId, firstSeen, lastSeen, labels, latest } of hosts) {
        const columns = encodeColumns(latest).toString('base64');
        this.#hosts.putSync(hostId, { firstSeen, lastSeen, ...(labels && { labels }), latest: columns });
      }
    });
    // A host that changed meanwhile is still unsaved.
    for (const host of hosts) {
      if (this.#unsavedHosts.get(host.hostId) === host) this.#unsavedHosts.delete(host.hostId);
    }
  }

  #alive(hostId: string, value: Buffer | undefined): Report | undefined {
    if (value === undefined || value.readDoubleLE(0) <= this.#clock.nowMs()) return undefined;
    return this.#decode(hostId, Buffer.from(value.subarray(EXPIRY_BYTES)));
  }

  #decode(hostId: string, columns: Buffer): Report {
    const hash = columnsSchemaHash(columns);
    const schema = this.#known.get(hash) ?? this.#loadSchema(hash);
    return decodeColumns(hostId, columns, schema);
  }

  #loadSchema(hash: string): Schema {
    const keys = this.#schemas.get(hash);
    if (keys === undefined) throw new Fault('data_loss', `schema ${hash} is not in the embedded store`);
    return this.#known.intern({ hash, keys: keys === '' ? [] : keys.split('\n') });
  }

  #scheduleMaintenance(): void {
    this.#cancelMaintenance = this.#clock.after(MAINTAIN_EVERY_MS, () => {
      this.#maintaining = this.#saveHosts()
        .then(() => this.sweep())
        .catch((error: unknown) =>
          this.#logger.warn({ error: String(error) }, 'maintenance of the embedded store failed'),
        )
        .then(() => this.#scheduleMaintenance());
    });
  }
}
