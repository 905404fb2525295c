/**
 * The store inside the process, on lmdb: what a deployment without Redis uses (decision D11).
 *
 *     reports   [hostId, timestamp]             → f64 expiry, Unix ms | codec columns
 *     expiries  [expiry in s, hostId, timestamp] → nothing: what to sweep, oldest first
 *     schemas   hash                            → keys joined by "\n"
 *     hosts     hostId                          → JSON: first, last seen, labels, the newest report
 *     meta      "identity"                      → random, made with the database
 *
 * 1. One write call is one transaction. The sweep deletes in bounded transactions between writes.
 * 2. Expired reports are invisible at once, whether swept or not.
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
type ExpiryKey = [expirySeconds: number, hostId: string, timestamp: number];
interface HostDocument {
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly labels?: Labels;
  /** Base64 of the newest report in columns. */
  readonly latest: string;
}

const EXPIRY_BYTES = 8;
const SWEEP_EVERY_MS = 5_000;
/** Reports that one sweep deletes at most, so that it never holds up writes for long. */
const SWEEP_MAX = 20_000;

export class EmbeddedStore implements MetricsStore {
  readonly kind = 'embedded';
  readonly #root: RootDatabase<string, string>;
  readonly #reports: Database<Buffer, ReportKey>;
  readonly #expiries: Database<Buffer, ExpiryKey>;
  readonly #schemas: Database<string, string>;
  readonly #hosts: Database<HostDocument, string>;
  readonly #known = new SchemaTable();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #identity: string;
  #cancelSweep: (() => void) | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  private constructor(options: EmbeddedStoreOptions, identity: string, root: RootDatabase<string, string>) {
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#identity = identity;
    this.#root = root;
    this.#reports = root.openDB({ name: 'reports', encoding: 'binary' });
    this.#expiries = root.openDB({ name: 'expiries', encoding: 'binary' });
    this.#schemas = root.openDB({ name: 'schemas', encoding: 'string' });
    this.#hosts = root.openDB({ name: 'hosts', encoding: 'json' });
    this.#scheduleSweep();
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
      return await this.#root.transaction(() => reports.map((report) => this.#writeOne(report, expiresAtMs)));
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
    const document = this.#hosts.get(hostId);
    return document && this.#hostOf(hostId, document);
  }

  async hostIds(offset: number, limit: number): Promise<string[]> {
    const seen = Array.from(this.#hosts.getRange(), ({ key, value }) => ({ key, lastSeen: value.lastSeen }));
    seen.sort((a, b) => b.lastSeen - a.lastSeen);
    return seen.slice(offset, offset + limit).map(({ key }) => key);
  }

  async identity(): Promise<string> {
    return this.#identity;
  }

  async close(): Promise<void> {
    this.#cancelSweep?.();
    await this.#sweeping;
    await this.#root.close();
  }

  /** Deletes expired reports, at most {@link SWEEP_MAX}; resolves with their number. */
  async sweep(): Promise<number> {
    const nowMs = this.#clock.nowMs();
    const expired = [
      ...this.#expiries.getKeys({ end: [Math.floor(nowMs / 1_000)] as never, limit: SWEEP_MAX }),
    ];
    if (expired.length === 0) return 0;
    await this.#root.transaction(() => {
      for (const key of expired) {
        const [, hostId, timestamp] = key;
        const stored = this.#reports.get([hostId, timestamp]);
        // The report may have been written again with a later expiry.
        if (stored !== undefined && stored.readDoubleLE(0) <= nowMs)
          this.#reports.removeSync([hostId, timestamp]);
        this.#expiries.removeSync(key);
      }
    });
    return expired.length;
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
    this.#expiries.putSync([Math.ceil(expiresAtMs / 1_000), ...key], Buffer.alloc(0));
    this.#keepHost(report, columns);
    return 'written';
  }

  #keepSchema(schema: Schema): void {
    if (this.#known.get(schema.hash) !== undefined) return;
    this.#schemas.putSync(schema.hash, schema.keys.join('\n'));
    this.#known.intern(schema);
  }

  #keepHost(report: Report, columns: Buffer): void {
    const document = this.#hosts.get(report.hostId);
    if (
      document !== undefined &&
      report.timestamp < document.lastSeen &&
      report.timestamp >= document.firstSeen
    )
      return;
    const known = document && this.#hostOf(report.hostId, document);
    const { firstSeen, lastSeen, labels, latest } = mergeHost(known, report);
    const kept = latest === report ? columns.toString('base64') : (document?.latest ?? '');
    this.#hosts.putSync(report.hostId, { firstSeen, lastSeen, ...(labels && { labels }), latest: kept });
  }

  #hostOf(hostId: string, document: HostDocument): StoredHost {
    const { firstSeen, lastSeen, labels } = document;
    return {
      hostId,
      firstSeen,
      lastSeen,
      labels,
      latest: this.#decode(hostId, Buffer.from(document.latest, 'base64')),
    };
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

  #scheduleSweep(): void {
    this.#cancelSweep = this.#clock.after(SWEEP_EVERY_MS, () => {
      this.#sweeping = this.sweep()
        .catch((error: unknown) =>
          this.#logger.warn({ error: String(error) }, 'sweeping the embedded store failed'),
        )
        .then(() => this.#scheduleSweep());
    });
  }
}
