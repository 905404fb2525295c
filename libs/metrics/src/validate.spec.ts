import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from './limits.ts';
import { packValues, type Report } from './report.ts';
import { schemaOf } from './schema.ts';
import { validateReport } from './validate.ts';

const NOW_MS = 1_700_000_000_000;
const NOW = NOW_MS / 1_000;
const good: Report = {
  hostId: 'web-1',
  timestamp: NOW,
  intervalMs: 1_000,
  labels: undefined,
  schema: schemaOf(['load1', 'mem']),
  values: packValues([0.5, Number.NaN]),
  late: false,
};
const labels = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'v']));

describe('a report', () => {
  test.each([
    ['as agents send it', {}],
    ['from the edge of the past', { timestamp: NOW - 86_400 }],
    ['from the edge of the future', { timestamp: NOW + 300 }],
    ['with a host id of 255 bytes', { hostId: 'x'.repeat(255) }],
    ['with a host id in any script', { hostId: 'größe-主机-🖥' }],
    ['with 32 labels', { labels: labels(32) }],
    ['with no metrics at all', { schema: schemaOf([]), values: Buffer.alloc(0) }],
  ])('%s is fine', (_title, change) => {
    expect(validateReport({ ...good, ...change }, DEFAULT_LIMITS, NOW_MS)).toBeUndefined();
  });

  test.each([
    ['host_id_invalid', { hostId: '' }],
    ['host_id_invalid', { hostId: 'x'.repeat(256) }],
    ['host_id_invalid', { hostId: '主'.repeat(86) }],
    ['host_id_invalid', { hostId: 'a\nb' }],
    ['host_id_invalid', { hostId: 'a\ud800' }],
    ['timestamp_invalid', { timestamp: Number.NaN }],
    ['timestamp_invalid', { timestamp: Number.POSITIVE_INFINITY }],
    ['timestamp_invalid', { timestamp: -1 }],
    ['timestamp_too_old', { timestamp: NOW - 86_401 }],
    ['timestamp_in_future', { timestamp: NOW + 301 }],
    ['interval_invalid', { intervalMs: -1 }],
    ['interval_invalid', { intervalMs: 0.5 }],
    ['labels_invalid', { labels: labels(33) }],
    ['labels_invalid', { labels: { 'not a name': 'x' } }],
    ['labels_invalid', { labels: { big: 'x'.repeat(254) } }],
    ['values_length', { values: Buffer.alloc(15) }],
    ['value_not_finite', { values: packValues([1, Number.POSITIVE_INFINITY]) }],
    ['value_not_finite', { values: packValues([Number.NEGATIVE_INFINITY, 1]) }],
  ])('is refused as %s: %j', (reason, change) => {
    expect(validateReport({ ...good, ...change }, DEFAULT_LIMITS, NOW_MS)).toMatchObject({ reason });
  });
});
