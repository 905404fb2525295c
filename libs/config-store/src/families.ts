/**
 * The families of configuration documents and what each of their documents may be. A schema admits exactly
 * what the system obeys: an unknown field is a mistake of its author and is refused, not kept and ignored.
 */
import { Fault } from '@ringwatch/kernel';
import { LIMITS_CEILING, type Limits } from '@ringwatch/metrics';
import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const COUNT_MAX = 1_000_000;
const TEXT_CHARS_MAX = 4_096;
const LABELS_MAX = 32;

/** A document as canonical JSON, bytes (the control plane keeps a family below 256 KiB as a whole). */
export const DOCUMENT_BYTES_MAX = 64 * 1024;
/** Documents of one family, those deleted within the last 24 h included. */
export const DOCUMENTS_MAX = 1_000;

const durationMs = (maxMs: number): z.ZodNumber => z.number().int().min(SECOND_MS).max(maxMs);
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
const labels = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,127}$/), z.string().max(256))
  .refine((given) => Object.keys(given).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`);

const limit = (name: keyof Limits, min = 1): z.ZodNumber =>
  z.number().int().min(min).max(LIMITS_CEILING[name]);

const limits = z.strictObject({
  hostIdBytesMax: limit('hostIdBytesMax'),
  metricsPerReportMax: limit('metricsPerReportMax'),
  seriesKeyBytesMax: limit('seriesKeyBytesMax'),
  labelsPerReportMax: limit('labelsPerReportMax'),
  labelBytesMax: limit('labelBytesMax'),
  reportsPerRequestMax: limit('reportsPerRequestMax'),
  requestBytesMax: limit('requestBytesMax'),
  inflatedBytesMax: limit('inflatedBytesMax'),
  jsonDepthMax: limit('jsonDepthMax'),
  pastMaxMs: limit('pastMaxMs', SECOND_MS),
  futureMaxMs: limit('futureMaxMs', SECOND_MS),
  newHostsPerHourMax: limit('newHostsPerHourMax'),
  newSchemasPerHostHourMax: limit('newSchemasPerHostHourMax'),
} satisfies Record<keyof Limits, z.ZodNumber>);

/**
 * What brokers and gateways obey, key `settings`. An absent field means the default. Exported for the
 * configuration reference.
 */
export const brokerSettings = z.strictObject({
  /** Lifetime of raw reports, milliseconds. */
  rawRetentionMs: durationMs(DAY_MS).optional(),
  /** Interval in which hosts report unless they say otherwise, milliseconds. */
  intervalMs: z.number().int().min(100).max(HOUR_MS).optional(),
  limits: limits.partial().optional(),
});

const storageCluster = z
  .strictObject({
    mode: z.enum(['standalone', 'sentinel', 'cluster']),
    /** `host:port` of the server, the sentinels, or some of the cluster's nodes. */
    addresses: z
      .array(z.string().regex(/^[^\s/@]{1,255}:\d{1,5}$/))
      .min(1)
      .max(64),
    /** The name that the sentinels know the primary by. */
    masterName: name.optional(),
    /** Put before every key, see `@ringwatch/redis-keyspace`. */
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/)
      .optional(),
    tls: z.boolean().optional(),
  })
  .refine((cluster) => (cluster.mode === 'sentinel') === (cluster.masterName !== undefined), {
    message: 'masterName belongs to mode sentinel, and only there',
    path: ['masterName'],
  });

const route = z.strictObject({
  /** Glob over host ids: `web-*`. */
  hosts: z.string().min(1).max(255),
  /** Key of a document of `storage-clusters`. */
  storageCluster: name,
  layout: z.enum(['raw', 'packed', 'raw+packed']).optional(),
  codec: z.enum(['json', 'columns']).optional(),
  rawRetentionMs: durationMs(DAY_MS).optional(),
  historyRetentionMs: durationMs(365 * DAY_MS).optional(),
  /** Of several routes that match, the greatest wins. */
  priority: z.number().int().min(0).max(COUNT_MAX).optional(),
});

const alertRule = z.strictObject({
  expression: z.string().min(1).max(TEXT_CHARS_MAX),
  /** How long the expression must hold before the alert fires, milliseconds. */
  forMs: z.number().int().min(0).max(DAY_MS).optional(),
  severity: z.enum(['info', 'warning', 'critical']),
  labels: labels.optional(),
  summary: z.string().max(TEXT_CHARS_MAX).optional(),
});

const featureFlag = z.strictObject({
  enabled: z.boolean(),
  /** Share of hosts for which it is on while enabled, in percent. */
  percentage: z.number().min(0).max(100).optional(),
  /** Only hosts with these labels. */
  labels: labels.optional(),
});

const SCHEMAS = {
  'storage-clusters': storageCluster,
  routes: route,
  brokers: brokerSettings,
  'alert-rules': alertRule,
  'feature-flags': featureFlag,
} as const;

/** The families of the system. */
export type Family = keyof typeof SCHEMAS;

/** What a document of family `F` holds. */
export type FamilyValue<F extends Family> = z.infer<(typeof SCHEMAS)[F]>;

/** What brokers and gateways obey: family `brokers`, key {@link SETTINGS_KEY}. */
export type BrokerSettings = FamilyValue<'brokers'>;

/** The one document of family `brokers`. */
export const SETTINGS_KEY = 'settings';

export const FAMILIES = Object.keys(SCHEMAS) as readonly Family[];

/** `family` as one of ours. @throws {Fault} `not_found`, reason `family_unknown`. */
export function checkFamily(family: string): Family {
  const known = FAMILIES.find((one) => one === family);
  if (known !== undefined) return known;
  throw new Fault('not_found', `no family ${family.slice(0, 128)}`, { reason: 'family_unknown' });
}

/** @throws {Fault} `invalid_argument`, reason `document_key_invalid`. */
export function checkKey(family: Family, key: string): void {
  if (!name.safeParse(key).success) {
    const detail = 'a document key is 1 to 128 letters, digits, dots, dashes and underscores';
    throw new Fault('invalid_argument', detail, { reason: 'document_key_invalid' });
  }
  if (family === 'brokers' && key !== SETTINGS_KEY) {
    const detail = `the only document of brokers is ${SETTINGS_KEY}`;
    throw new Fault('invalid_argument', detail, { reason: 'document_key_invalid' });
  }
}

/**
 * `value` as a document of `family`, in canonical JSON.
 * @throws {Fault} `invalid_argument` that names every field that is wrong.
 */
export function checkValue(family: Family, value: unknown): string {
  const text = canonicalJson(value);
  if (Buffer.byteLength(text) > DOCUMENT_BYTES_MAX) {
    const detail = `a document has at most ${DOCUMENT_BYTES_MAX} bytes`;
    throw new Fault('invalid_argument', detail, { reason: 'document_too_large' });
  }
  const result = SCHEMAS[family].safeParse(value);
  if (result.success) return text;
  const issues = result.error.issues.slice(0, 10);
  const detail = issues.map(({ path, message }) => `${path.join('.') || 'document'}: ${message}`).join('; ');
  throw new Fault('invalid_argument', detail, { reason: 'document_invalid' });
}

/** The value of a canonical text that was checked for `family`. */
export function valueOf<F extends Family>(_family: F, text: string): FamilyValue<F> {
  return JSON.parse(text) as FamilyValue<F>;
}
