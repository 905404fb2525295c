/**
 * Reports in Redis in the raw layout: one hash per report, a time index and metadata per host, an index of
 * hosts. The keys are the users' contract (libs/redis-keyspace); one script writes all that belongs to a host
 * in one step.
 */
import { type Clock, Fault, silentLogger, toFault, type Logger } from '@ringwatch/kernel';
import { systemClock } from '@ringwatch/kernel/system';
import type { Labels, Report } from '@ringwatch/metrics';
import {
  DEFAULT_RETENTION,
  HOST_FIELDS,
  Keyspace,
  readWriteReports,
  REPORT_FIELDS,
  REPORTS_PER_CALL_MAX,
  WRITE_REPORTS,
  writeReportsCall,
} from '@ringwatch/redis-keyspace';
import { Redis, type ChainableCommander } from 'ioredis';
import type { MetricsStore, StoredHost, WriteOutcome } from './metrics-store.ts';
import { REDIS_OPTIONS } from './redis-connection.ts';
import { ReportCodec, type CodecName } from './report-codec.ts';

export interface RedisStoreOptions {
  /** `redis://[user:password@]host:port[/db]` */
  readonly url: string;
  /** How reports are written; both are always read. Default `json`. */
  readonly codec?: CodecName;
  readonly keyspace?: Keyspace;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** The script as a pipeline command: ioredis sends its hash and falls back to its text. */
interface WithScript extends ChainableCommander {
  ringwatchWriteReports(numberOfKeys: number, ...args: (string | Buffer)[]): ChainableCommander;
}

/** Part of a write: the reports of one host, with their positions in the whole. */
interface HostGroup {
  readonly reports: Report[];
  readonly positions: number[];
}

export class RedisStore implements MetricsStore {
  readonly kind = 'redis';
  readonly #redis: Redis;
  readonly #keys: Keyspace;
  readonly #codec: ReportCodec;
  #identity: Promise<string> | undefined;

  constructor(options: RedisStoreOptions) {
    const {
      url,
      codec = 'json',
      keyspace = new Keyspace(),
      clock = systemClock,
      logger = silentLogger,
    } = options;
    this.#redis = new Redis(url, REDIS_OPTIONS);
    this.#redis.defineCommand(WRITE_REPORTS.name, { lua: WRITE_REPORTS.lua });
    this.#redis.on('error', (error: Error) => logger.debug({ error: error.message }, 'redis connection'));
    this.#redis.on('close', () => (this.#identity = undefined));
    this.#redis
      .connect()
      .catch((error: unknown) => logger.warn({ error: String(error) }, 'redis does not answer yet'));
    this.#keys = keyspace;
    this.#codec = new ReportCodec(codec, { redis: this.#redis, keyspace, clock });
  }

  async write(reports: readonly Report[], ttlMs: number): Promise<readonly WriteOutcome[]> {
    const groups = groupByHost(reports);
    const pipeline = this.#redis.pipeline() as WithScript;
    this.#codec.addSchemas(reports, pipeline);
    const first = pipeline.length;
    for (const { reports: ofHost } of groups) this.#addScript(pipeline, ofHost, ttlMs);
    this.#addHosts(pipeline, groups);
    const replies = await this.#replies(pipeline);
    const outcomes = new Array<WriteOutcome>(reports.length);
    for (const [i, [error, reply]] of replies.entries()) {
      const group = groups[i - first];
      // One host whose keys are of another type must not hold up all others.
      if (error && !(group !== undefined && isPermanent(error))) throw redisFault(error);
      if (group === undefined) continue;
      const ofHost = error ? undefined : readWriteReports(reply);
      group.positions.forEach((position, at) => (outcomes[position] = ofHost?.[at] ?? 'refused'));
    }
    this.#codec.schemasWritten(reports);
    return outcomes;
  }

  async point(hostId: string, timestamp: number): Promise<Report | undefined> {
    return (await this.#read(hostId, [this.#keys.report(hostId, timestamp)]))[0];
  }

  async range(hostId: string, start: number, end: number, limit: number): Promise<Report[]> {
    const index = this.#keys.reportIndex(hostId);
    const until = Number.isFinite(end) ? `(${end}` : '+inf';
    const from = Number.isFinite(start) ? start : '-inf';
    const keys = await this.#call(() => this.#redis.zrangebyscore(index, from, until, 'LIMIT', 0, limit));
    return this.#read(hostId, keys);
  }

  async host(hostId: string): Promise<StoredHost | undefined> {
    const fields = await this.#call(() => this.#redis.hgetallBuffer(this.#keys.host(hostId)));
    const { lastSeen, firstSeen, labels, latest, latestCodec } = HOST_FIELDS;
    const data = fields[latest];
    if (data === undefined) return undefined;
    return {
      hostId,
      firstSeen: Number(fields[firstSeen]),
      lastSeen: Number(fields[lastSeen]),
      labels: fields[labels] && (JSON.parse(fields[labels].toString()) as Labels),
      latest: await this.#codec.decode(hostId, String(fields[latestCodec]), data),
    };
  }

  async hostIds(offset: number, limit: number): Promise<string[]> {
    return this.#call(() => this.#redis.zrevrange(this.#keys.hosts(), offset, offset + limit - 1));
  }

  /** Run id and replication id: another of either means another server, or the same one with another past. */
  identity(): Promise<string> {
    this.#identity ??= this.#readIdentity();
    this.#identity.catch(() => (this.#identity = undefined));
    return this.#identity;
  }

  async close(): Promise<void> {
    if (this.#redis.status === 'ready') await this.#redis.quit().catch(() => this.#redis.disconnect());
    else this.#redis.disconnect();
  }

  async #readIdentity(): Promise<string> {
    const [server, replication] = await Promise.all([
      this.#call(() => this.#redis.info('server')),
      this.#call(() => this.#redis.info('replication')),
    ]);
    return `${/^run_id:(\w+)/m.exec(server)?.[1]}/${/^master_replid:(\w+)/m.exec(replication)?.[1]}`;
  }

  #addScript(pipeline: WithScript, reports: readonly Report[], ttlMs: number): void {
    const newest = reports.reduce((a, b) => (b.timestamp >= a.timestamp ? b : a));
    const { keys, args } = writeReportsCall(
      this.#keys,
      { ...DEFAULT_RETENTION, rawMs: ttlMs },
      {
        hostId: newest.hostId,
        reports: reports.map((report) => this.#codec.encode(report)),
        ...(newest.labels && { labels: JSON.stringify(newest.labels) }),
        schema: newest.schema.hash,
        newestFlushed: newest.timestamp,
      },
    );
    pipeline.ringwatchWriteReports(keys.length, ...keys, ...args);
  }

  #addHosts(pipeline: ChainableCommander, groups: readonly HostGroup[]): void {
    const scores: (number | string)[] = [];
    for (const { reports } of groups) {
      scores.push(Math.max(...reports.map(({ timestamp }) => timestamp)), (reports[0] as Report).hostId);
    }
    if (scores.length > 0) pipeline.zadd(this.#keys.hosts(), 'GT', ...scores);
  }

  /** Reports under `keys`, in their order; expired ones are left out. */
  async #read(hostId: string, keys: readonly string[]): Promise<Report[]> {
    if (keys.length === 0) return [];
    const pipeline = this.#redis.pipeline();
    for (const key of keys) pipeline.hmgetBuffer(key, REPORT_FIELDS.data, REPORT_FIELDS.codec);
    const reports: Report[] = [];
    for (const reply of (await this.#exec(pipeline)) as (Buffer | null)[][]) {
      const [data, codec] = reply;
      if (data && codec) reports.push(await this.#codec.decode(hostId, codec.toString(), data));
    }
    return reports;
  }

  /** Replies of a pipeline; rejects when any of its commands failed, for a pipeline itself never does. */
  async #exec(pipeline: ChainableCommander): Promise<unknown[]> {
    return (await this.#replies(pipeline)).map(([error, reply]) => {
      if (error) throw redisFault(error);
      return reply;
    });
  }

  async #replies(pipeline: ChainableCommander): Promise<[error: Error | null, reply: unknown][]> {
    return (await this.#call(() => pipeline.exec())) ?? [];
  }

  async #call<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw redisFault(error);
    }
  }
}

/** True for what trying again cannot cure: somebody else put a value of another type under the key. */
function isPermanent(error: Error): boolean {
  return error.message.includes('WRONGTYPE');
}

/** What Redis or the connection said, as a fault that may be tried again. */
function redisFault(error: unknown): Fault {
  const message = error instanceof Error ? error.message : String(error);
  if (/^NOPERM|^WRONGPASS|^NOAUTH/.test(message))
    return new Fault('permission_denied', `redis: ${message}`, { cause: error });
  if (message.startsWith('OOM'))
    return new Fault('unavailable', `redis is full: ${message}`, { cause: error, reason: 'store_full' });
  return toFault(
    new Fault('unavailable', `redis: ${message}`, { cause: error, reason: 'store_unavailable' }),
  );
}

/**
 * Reports by host, each group at most as large as one script call may be; equal (host, timestamp) keep their
 * order.
 */
function groupByHost(reports: readonly Report[]): HostGroup[] {
  const groups: HostGroup[] = [];
  const open = new Map<string, HostGroup>();
  for (const [position, report] of reports.entries()) {
    let group = open.get(report.hostId);
    if (group === undefined || group.reports.length >= REPORTS_PER_CALL_MAX) {
      group = { reports: [], positions: [] };
      open.set(report.hostId, group);
      groups.push(group);
    }
    group.reports.push(report);
    group.positions.push(position);
  }
  return groups;
}
