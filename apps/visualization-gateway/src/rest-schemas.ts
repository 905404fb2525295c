/**
 * What the REST door takes and gives. These schemas validate requests, and the OpenAPI document is made from
 * them, so the two cannot disagree.
 */
import { FAULT_CODES } from '@ringwatch/kernel';
import { LIMITS_CEILING } from '@ringwatch/metrics';
import { z } from 'zod';

const HOSTS_LIMIT_MAX = 1_000;
const HOSTS_LIMIT_DEFAULT = 100;
const REPORTS_LIMIT_MAX = 10_000;
const REPORTS_LIMIT_DEFAULT = 1_000;
const METRICS_MAX = 100;
const LABELS_MAX = 32;
/** Settings may raise the brokers' limits, up to these. */
const { hostIdBytesMax: ID_LENGTH_MAX, seriesKeyBytesMax: KEY_LENGTH_MAX } = LIMITS_CEILING;

/** A parameter that may be repeated; once is a list of one. */
function repeatable<T extends z.ZodType>(item: T, most: number) {
  return z
    .preprocess(
      (value) => (value === undefined || Array.isArray(value) ? value : [value]),
      z.array(item).max(most),
    )
    .default([]);
}

const hostId = z.string().min(1).max(ID_LENGTH_MAX).meta({ description: 'Id of a host', example: 'web-1' });
/**
 * A number as JSON writes it: what our own answers hold may be asked for again. `Number()` would take more.
 */
const DECIMAL = /^\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** A parameter that is a number. Another text is left as it is, for `number` to refuse. */
function numeric<T extends z.ZodType>(number: T) {
  return z.preprocess(
    (value) => (typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value),
    number,
  );
}

const seconds = numeric(z.number().min(0)).meta({ description: 'Unix seconds, a fraction allowed' });
const limitOf = (byDefault: number, most: number) =>
  numeric(z.number().int().min(1).max(most)).default(byDefault);
const metricNames = repeatable(z.string().min(1).max(KEY_LENGTH_MAX), METRICS_MAX).meta({
  description: 'Metric names or series keys; a name stands for all its series. None: all metrics',
  example: ['load1'],
});
const status = z.enum(['online', 'late', 'offline']).meta({
  id: 'HostStatus',
  description: 'late: more than one and a half intervals without a report; offline: three or more',
});

export const hostsQuery = z.strictObject({
  after: z.string().max(ID_LENGTH_MAX).default('').meta({ description: 'Go on after this host id' }),
  limit: limitOf(HOSTS_LIMIT_DEFAULT, HOSTS_LIMIT_MAX),
  status: status.optional(),
  label: repeatable(z.string().regex(/^[^:]{1,128}:[\s\S]{0,256}$/, 'expected name:value'), LABELS_MAX).meta({
    description: 'Only hosts with this label, name:value; repeat for more',
    example: ['rack:r7'],
  }),
});

export const hostPath = z.strictObject({ hostId });

export const metricsQuery = z
  .strictObject({
    host: hostId,
    at: seconds.optional().meta({ description: 'The report of exactly this time' }),
    start: seconds.optional().meta({ description: 'From this time on …' }),
    end: seconds.optional().meta({ description: '… to before this time' }),
    metrics: metricNames,
    limit: limitOf(REPORTS_LIMIT_DEFAULT, REPORTS_LIMIT_MAX),
  })
  .refine(
    ({ at, start, end }) => (at !== undefined) !== (start !== undefined && end !== undefined),
    'give either at, or start and end',
  )
  .refine(({ at, start, end }) => at === undefined || (start === undefined && end === undefined), {
    error: 'at excludes start and end',
    path: ['at'],
  })
  .refine(({ start = 0, end = Infinity }) => start < end, {
    error: 'start is not before end',
    path: ['start'],
  });

export const latestQuery = z.strictObject({
  host: repeatable(hostId, HOSTS_LIMIT_MAX).meta({ description: 'Only these hosts. None: all, in pages' }),
  metrics: metricNames,
  after: z.string().max(ID_LENGTH_MAX).default('').meta({ description: 'Go on after this host id' }),
  limit: limitOf(HOSTS_LIMIT_DEFAULT, HOSTS_LIMIT_MAX),
});

const completeness = {
  partial: z.boolean().meta({ description: 'True when something is missing' }),
  missing: z.array(z.string()).meta({ description: 'What is missing, in words' }),
  stalenessMs: z.number().meta({ description: 'Age of what the answer reflects, milliseconds' }),
};
const labels = z.record(z.string(), z.string());
const metrics = z
  .record(z.string(), z.number())
  .meta({ example: { load1: 0.25, 'cpu_seconds_total{cpu="0",mode="user"}': 12.5 } });

export const host = z
  .object({
    hostId,
    status,
    firstSeen: z.number().meta({ description: 'When its first report arrived, Unix seconds' }),
    lastSeen: z.number().meta({ description: 'When its newest report arrived, Unix seconds' }),
    intervalMs: z.number(),
    labels,
    latestTimestamp: z.number().meta({ description: 'Of its newest report, Unix seconds' }),
  })
  .meta({ id: 'Host' });

export const hostsAnswer = z
  .object({ hosts: z.array(host), nextAfter: z.string().optional(), total: z.number(), ...completeness })
  .meta({ id: 'Hosts' });

const report = z
  .object({ timestamp: z.number(), metrics, late: z.boolean().optional() })
  .meta({ id: 'Report', description: 'As it was reported' });

export const metricsAnswer = z
  .object({
    host: z.string(),
    reports: z.array(report),
    nextStart: z.number().optional().meta({ description: 'Ask again from here; absent at the end' }),
    ...completeness,
  })
  .meta({ id: 'Metrics' });

export const latestAnswer = z
  .object({
    reports: z.array(
      z.object({
        hostId,
        timestamp: z.number(),
        intervalMs: z.number().optional(),
        labels: labels.optional(),
        metrics,
        late: z.boolean().optional(),
      }),
    ),
    nextAfter: z.string().optional(),
    ...completeness,
  })
  .meta({ id: 'Latest' });

export const statusAnswer = z
  .object({
    brokers: z.object({
      state: z.enum(['connecting', 'live', 'stale', 'away']),
      since: z.number().meta({ description: 'Unix seconds' }),
      missing: z.array(z.string()),
      queries: z.record(z.string(), z.string()).meta({ description: 'Breaker by broker address' }),
    }),
    live: z.object({
      viewers: z.number(),
      channels: z.number(),
      hosts: z.number(),
      framesEncoded: z.number(),
      framesSent: z.number(),
    }),
    settings: z.object({
      intervalMs: z.number(),
      source: z.string(),
      version: z.string(),
      ageMs: z.number().nullable().meta({ description: 'null when no source ever answered' }),
    }),
    backends: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Status' });

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    code: z.enum(FAULT_CODES),
    reason: z.string().meta({ description: 'Finer than the code, stable', example: 'host_not_found' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });
