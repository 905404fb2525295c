import { packValues, schemaOf } from '@ringwatch/metrics';
import { expect, test } from 'vitest';
import { encodeReports, latestOf, PartitionState, ReportStatus, statusOf, type HostRecord } from './index.ts';

test('the example of the README does what it says', () => {
  const state = new PartitionState({
    retainedMs: 900_000,
    newHostsPerHourMax: 1_000,
    newSchemasPerHostHourMax: 100,
  });
  const schema = schemaOf(['load1']);
  const report = {
    hostId: 'web-1',
    timestamp: 1_700_000_000,
    intervalMs: 1_000,
    labels: undefined,
    schema,
    values: packValues([0.5]),
    late: false,
  };

  const timeMs = 1_700_000_000_200;
  const entry = encodeReports([report], timeMs, () => false);
  expect(state.apply(1, entry).statuses[0]).toBe(ReportStatus.accepted);
  expect(state.apply(2, entry).statuses[0]).toBe(ReportStatus.duplicate);

  const host = state.hosts.get('web-1') as HostRecord;
  expect(statusOf(host, timeMs + 2_000, 10_000)).toBe('late');
  expect(latestOf(host)?.timestamp).toBe(1_700_000_000);
});
