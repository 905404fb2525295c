/**
 * How a report lies in its hash: codec `json` is readable by anything; `columns` is small and fast, and needs
 * the schema under `monitor:schema:{hash}`, which the writer keeps alive.
 */
import { Fault, type Clock } from '@ringwatch/kernel';
import {
  columnsSchemaHash,
  decodeColumns,
  LIMITS_CEILING,
  encodeColumns,
  encodeJsonReport,
  JsonReportDecoder,
  SchemaTable,
  type Report,
  type Schema,
} from '@ringwatch/metrics';
import { DEFAULT_RETENTION, ttlMsOf, type Keyspace, type StoredReport } from '@ringwatch/redis-keyspace';
import type { ChainableCommander, Redis } from 'ioredis';

export type CodecName = 'json' | 'columns';

/**
 * A schema is written again after this long, so that it outlives every report that needs it, milliseconds.
 */
const SCHEMA_REFRESH_MS = 3_600_000;

interface CodecOptions {
  readonly redis: Redis;
  readonly keyspace: Keyspace;
  readonly clock: Clock;
}

export class ReportCodec {
  readonly #schemas = new SchemaTable();
  readonly #json = new JsonReportDecoder(this.#schemas, () => LIMITS_CEILING);
  /** Schema hash → monotonic time of its last write. */
  readonly #writtenAtMs = new Map<string, number>();

  constructor(
    private readonly name: CodecName,
    private readonly options: CodecOptions,
  ) {}

  encode(report: Report): StoredReport {
    const data = this.name === 'json' ? encodeJsonReport(report) : encodeColumns(report);
    return { timestamp: report.timestamp, codec: this.name, data };
  }

  /**
   * @throws {Fault} `unimplemented` for an unknown codec, `data_loss` for unreadable data or a lost schema.
   */
  async decode(hostId: string, codec: string, data: Buffer): Promise<Report> {
    switch (codec) {
      case 'json':
        return this.#json.decode(JSON.parse(data.toString()));
      case 'columns':
        return decodeColumns(hostId, data, await this.#schema(columnsSchemaHash(data)));
    }
    throw new Fault('unimplemented', `codec ${codec} is unknown`);
  }

  /** Adds the writes of schemas that `reports` need and that are due. */
  addSchemas(reports: readonly Report[], pipeline: ChainableCommander): void {
    const ttlMs = ttlMsOf('schema', DEFAULT_RETENTION) as number;
    for (const schema of this.#due(reports)) {
      pipeline.set(this.options.keyspace.schema(schema.hash), schema.keys.join('\n'), 'PX', ttlMs);
    }
  }

  /** The writes of {@link addSchemas} succeeded. */
  schemasWritten(reports: readonly Report[]): void {
    for (const { hash } of this.#due(reports)) this.#writtenAtMs.set(hash, this.options.clock.monotonicMs());
  }

  #due(reports: readonly Report[]): Set<Schema> {
    const due = new Set<Schema>();
    if (this.name === 'json') return due;
    const staleMs = this.options.clock.monotonicMs() - SCHEMA_REFRESH_MS;
    for (const { schema } of reports) {
      if ((this.#writtenAtMs.get(schema.hash) ?? Number.NEGATIVE_INFINITY) < staleMs) due.add(schema);
    }
    return due;
  }

  async #schema(hash: string): Promise<Schema> {
    const known = this.#schemas.get(hash);
    if (known !== undefined) return known;
    const keys = await this.options.redis.get(this.options.keyspace.schema(hash));
    if (keys === null) throw new Fault('data_loss', `schema ${hash} is not in Redis`);
    return this.#schemas.intern({ hash, keys: keys === '' ? [] : keys.split('\n') });
  }
}
