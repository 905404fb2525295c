/**
 * The store inside the process, on lmdb: what a deployment without Redis uses.
 *
 *     reports   [hostId, timestamp]             → f64 expiry, Unix ms | codec columns
 *     expiries  [expiry in s, number]           → JSON of the keys that one write call made, oldest first
 *     schemas   hash                            → keys joined by "\n"
 *     hosts     hostId                          → JSON: first, last seen, labels, the newest report
 *     meta      "identity"                      → random, made with the database
 *
 * 1. One write call is one transaction. The sweep deletes in bounded transactions between writes.
 * 2. Expired reports are invisible at once, whether swept or not.
 * 3. What is known of hosts is kept in memory and written behind, every 10 s; a crash loses at most that, and
 *    writing the last minute again, as a broker does after a restart, brings it back.
 * 4. A report newer than all of its host cannot be there already, so it is written without looking.
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

/** A host as it is kept in memory. */
interface KnownHost {
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly labels: Labels | undefined;
  /** The newest report in columns; memory of its own, so that it pins nothing else. */
  readonly latest: Buffer;
}

const EXPIRY_BYTES = 8;
const MAINTAIN_EVERY_MS = 1_000;
const SAVE_HOSTS_EVERY_MS = 10_000;
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
  readonly #knownHosts = new Map<string, KnownHost>();
  /** Hosts that are newer in memory than in the database. */
  readonly #unsavedHosts = new Set<string>();
  #hostsSavedAtMs: number;
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
    this.#hostsSavedAtMs = this.#clock.monotonicMs();
    for (const { key, value } of this.#hosts.getRange()) this.#knownHosts.set(key, decodeHost(value));
    // A crash may have left reports that are newer than what was saved of their host.
    for (const [hostId, host] of this.#knownHosts) {
      const lastSeen = Math.max(host.lastSeen, this.#newestOf(hostId));
      this.#knownHosts.set(hostId, { ...host, lastSeen });
    }
    this.#scheduleMaintenance();
  }

  /**
   * Opens or creates the database in `options.folder`. @throws {Fault} `unavailable` when it cannot be
   * opened.
   */
  static async open(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
    try {
      // Batches of its own making would have promises that nobody could wait for; we write in transactions
      // only.
      const root = open<string, string>({
        path: options.folder,
        maxDbs: 8,
        encoding: 'string',
        eventTurnBatching: false,
      });
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
      return await this.#transact(() => this.#writeAll(reports, expiresAtMs));
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
    const known = this.#knownHosts.get(hostId);
    return known && { hostId, ...known, latest: this.#decode(hostId, known.latest) };
  }

  async hostIds(offset: number, limit: number): Promise<string[]> {
    const hosts = [...this.#knownHosts].toSorted(([, a], [, b]) => b.lastSeen - a.lastSeen);
    return hosts.slice(offset, offset + limit).map(([hostId]) => hostId);
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
    await this.#transact(() => {
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

  /**
   * Runs `work` as one transaction. When a commit fails, lmdb rejects a second promise, which it hangs on the
   * error; unhandled it would end the process.
   */
  async #transact<T>(work: () => T): Promise<T> {
    try {
      return await this.#root.transaction(work);
    } catch (error) {
      (error as { commitError?: Promise<unknown> }).commitError?.catch(() => undefined);
      throw error;
    }
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
    const { hostId, timestamp } = report;
    const key: ReportKey = [hostId, timestamp];
    const columns = encodeColumns(report);
    const host = this.#knownHosts.get(hostId);
    if (timestamp <= (host?.lastSeen ?? this.#newestOf(hostId))) {
      const stored = this.#reports.get(key);
      if (stored !== undefined && stored.readDoubleLE(0) > this.#clock.nowMs()) {
        return stored.subarray(EXPIRY_BYTES).equals(columns) ? 'duplicate' : 'conflict';
      }
    }
    const value = Buffer.allocUnsafe(EXPIRY_BYTES + columns.length);
    value.writeDoubleLE(expiresAtMs, 0);
    columns.copy(value, EXPIRY_BYTES);
    this.#keepSchema(report.schema);
    this.#reports.putSync(key, value);
    this.#knownHosts.set(hostId, afterReport(host, report, columns));
    this.#unsavedHosts.add(hostId);
    return 'written';
  }

  /** Timestamp of the newest report that is stored of a host; -Infinity when there is none. */
  #newestOf(hostId: string): number {
    const span = { start: [hostId, Number.MAX_VALUE], end: [hostId, 0], reverse: true, limit: 1 } as const;
    for (const [, timestamp] of this.#reports.getKeys(span as never)) return timestamp;
    return Number.NEGATIVE_INFINITY;
  }

  #keepSchema(schema: Schema): void {
    if (this.#known.get(schema.hash) !== undefined) return;
    this.#schemas.putSync(schema.hash, schema.keys.join('\n'));
    this.#known.intern(schema);
  }

  async #saveHosts(): Promise<void> {
    this.#hostsSavedAtMs = this.#clock.monotonicMs();
    const hostIds = [...this.#unsavedHosts];
    this.#unsavedHosts.clear();
    if (hostIds.length === 0) return;
    await this.#transact(() => {
      for (const hostId of hostIds) this.#hosts.putSync(hostId, encodeHost(this.#knownHosts.get(hostId)!));
    });
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
      this.#maintaining = this.#maintain()
        .catch((error: unknown) =>
          this.#logger.warn({ error: String(error) }, 'maintenance of the embedded store failed'),
        )
        .then(() => this.#scheduleMaintenance());
    });
  }

  async #maintain(): Promise<void> {
    const savedAgoMs = this.#clock.monotonicMs() - this.#hostsSavedAtMs;
    if (savedAgoMs >= SAVE_HOSTS_EVERY_MS) await this.#saveHosts();
    await this.sweep();
  }
}

/** What is known of a host after one more of its reports was written. */
function afterReport(known: KnownHost | undefined, report: Report, columns: Buffer): KnownHost {
  const { timestamp, labels } = report;
  if (known === undefined) return { firstSeen: timestamp, lastSeen: timestamp, labels, latest: columns };
  const firstSeen = Math.min(known.firstSeen, timestamp);
  if (timestamp < known.lastSeen) return { ...known, firstSeen };
  return { firstSeen, lastSeen: timestamp, labels: labels ?? known.labels, latest: columns };
}

function encodeHost({ firstSeen, lastSeen, labels, latest }: KnownHost): HostDocument {
  return { firstSeen, lastSeen, ...(labels && { labels }), latest: latest.toString('base64') };
}

function decodeHost({ firstSeen, lastSeen, labels, latest }: HostDocument): KnownHost {
  return { firstSeen, lastSeen, labels, latest: Buffer.from(latest, 'base64') };
}
