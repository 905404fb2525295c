import { DEFAULT_LIMITS } from '@ringwatch/metrics';
import { describe, expect, test } from 'vitest';
import { checkFamily, checkKey, checkValue, DOCUMENT_BYTES_MAX, valueOf, type Family } from './families.ts';

describe('what each family admits', () => {
  test.each<[Family, unknown]>([
    ['brokers', {}],
    ['brokers', { rawRetentionMs: 900_000, intervalMs: 1_000, limits: DEFAULT_LIMITS }],
    ['brokers', { limits: { metricsPerReportMax: 10 } }],
    ['storage-clusters', { mode: 'standalone', addresses: ['10.0.0.1:6379'] }],
    ['storage-clusters', { mode: 'sentinel', addresses: ['a:26379', 'b:26379'], masterName: 'main' }],
    ['routes', { hosts: 'web-*', storageCluster: 'main', layout: 'raw+packed' }],
    ['alert-rules', { expression: 'cpu > 0.9', severity: 'critical', forMs: 60_000, labels: { team: 'a' } }],
    ['feature-flags', { enabled: true, percentage: 12.5 }],
  ])('%s: %j', (family, value) => {
    expect(valueOf(family, checkValue(family, value))).toEqual(value);
  });

  test.each<[Family, unknown, string]>([
    ['brokers', { rawRetentionMs: 0 }, 'rawRetentionMs'],
    ['brokers', { rawRetentionMs: '900000' }, 'rawRetentionMs'],
    ['brokers', { intervalMs: 1.5 }, 'intervalMs'],
    ['brokers', { rawRetention: 900_000 }, 'rawRetention'],
    ['brokers', { limits: { metricsPerReportsMax: 10 } }, 'metricsPerReportsMax'],
    ['brokers', { limits: { metricsPerReportMax: -1 } }, 'limits.metricsPerReportMax'],
    ['brokers', null, 'document'],
    ['brokers', [], 'document'],
    ['storage-clusters', { mode: 'sentinel', addresses: ['a:1'] }, 'masterName'],
    ['storage-clusters', { mode: 'cluster', addresses: [] }, 'addresses'],
    ['storage-clusters', { mode: 'cluster', addresses: ['redis://user:secret@a:1'] }, 'addresses'],
    ['routes', { hosts: '', storageCluster: 'main' }, 'hosts'],
    ['alert-rules', { expression: 'x', severity: 'fatal' }, 'severity'],
    ['feature-flags', { enabled: 'yes' }, 'enabled'],
  ])('%s refuses %j and names %s', (family, value, field) => {
    expect(() => checkValue(family, value)).toThrow(
      expect.objectContaining({ reason: 'document_invalid', message: expect.stringContaining(field) }),
    );
  });

  test('names every wrong field at once', () => {
    expect(() => checkValue('brokers', { rawRetentionMs: 0, intervalMs: 0 })).toThrow(
      /rawRetentionMs.*intervalMs/,
    );
  });

  test('refuses a document that is too large', () => {
    const summary = 'x'.repeat(DOCUMENT_BYTES_MAX);
    expect(() => checkValue('alert-rules', { expression: 'x', severity: 'info', summary })).toThrow(
      expect.objectContaining({ reason: 'document_too_large' }),
    );
  });
});

test.each(['', 'other', 'brokers/', '__proto__', 'constructor', '.meta'])('%j is no family', (family) => {
  expect(() => checkFamily(family)).toThrow(
    expect.objectContaining({ code: 'not_found', reason: 'family_unknown' }),
  );
});

test.each(['', '.', '../x', 'a/b', 'a b', '-a', 'é', 'x'.repeat(129)])('%j is no key', (key) => {
  expect(() => checkKey('routes', key)).toThrow(expect.objectContaining({ reason: 'document_key_invalid' }));
});

test('brokers has one document', () => {
  expect(() => checkKey('brokers', 'settings')).not.toThrow();
  expect(() => checkKey('brokers', 'other')).toThrow(
    expect.objectContaining({ reason: 'document_key_invalid' }),
  );
});
