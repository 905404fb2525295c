/**
 * A partition's snapshot holds no reports: host and schema tables, watermark, settings, and what was decided
 * about the reports of retained entries. Version 1 is JSON text; the values of a host's newest report are
 * base64 of their bytes.
 */
import { Fault } from '@ringwatch/kernel';
import type { Labels, Schema } from '@ringwatch/metrics';
import { PartitionState, type PartitionSettings } from './partition-state.ts';

const VERSION = 1;

interface SnapshotHost {
  readonly id: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly intervalMs: number;
  readonly labels?: Labels;
  readonly latest?: { readonly timestamp: number; readonly schema: string; readonly values: string };
  readonly schemaHour: number;
  readonly hourSchemas: readonly string[];
}

interface SnapshotDocument {
  readonly version: number;
  readonly index: number;
  readonly timeMs: number;
  readonly watermark: number;
  readonly settings: PartitionSettings;
  readonly newHosts: PartitionState['newHosts'];
  /** Base64 of the statuses, by log index. */
  readonly oddStatuses: readonly (readonly [index: number, statuses: string])[];
  readonly schemas: readonly Schema[];
  readonly hosts: readonly SnapshotHost[];
}

/** The state as bytes. */
export function encodeSnapshot(state: PartitionState): Buffer {
  const hosts = Array.from(state.hosts.values(), (host): SnapshotHost => ({
    id: host.hostId,
    firstSeenMs: host.firstSeenMs,
    lastSeenMs: host.lastSeenMs,
    intervalMs: host.intervalMs,
    schemaHour: host.schemaHour,
    hourSchemas: [...host.hourSchemas],
    ...(host.labels && { labels: host.labels }),
    ...(host.latestSchema && {
      latest: {
        timestamp: host.latestTimestamp,
        schema: host.latestSchema.hash,
        values: host.latestValues.toString('base64'),
      },
    }),
  }));
  const document: SnapshotDocument = {
    version: VERSION,
    index: state.appliedIndex,
    timeMs: state.timeMs,
    watermark: state.watermark,
    settings: state.settings,
    newHosts: state.newHosts,
    oddStatuses: Array.from(state.oddStatuses, ([index, statuses]) => [
      index,
      Buffer.from(statuses).toString('base64'),
    ]),
    schemas: [...state.schemas.values()],
    hosts,
  };
  return Buffer.from(JSON.stringify(document));
}

/** The state that {@link encodeSnapshot} wrote. @throws {Fault} `unimplemented` for another version. */
export function decodeSnapshot(data: Buffer): PartitionState {
  const document = JSON.parse(data.toString()) as SnapshotDocument;
  if (document.version !== VERSION) {
    throw new Fault('unimplemented', `partition snapshot version ${document.version} is unknown`);
  }
  const state = new PartitionState(document.settings);
  state.appliedIndex = document.index;
  state.timeMs = document.timeMs;
  state.watermark = document.watermark;
  state.newHosts = document.newHosts;
  for (const [index, statuses] of document.oddStatuses) {
    state.oddStatuses.set(index, new Uint8Array(Buffer.from(statuses, 'base64')));
  }
  for (const schema of document.schemas) state.schemas.intern(schema);
  for (const saved of document.hosts) {
    const host = state.hosts.add(saved.id, saved.firstSeenMs);
    host.lastSeenMs = saved.lastSeenMs;
    host.intervalMs = saved.intervalMs;
    host.labels = saved.labels;
    host.schemaHour = saved.schemaHour;
    host.hourSchemas = new Set(saved.hourSchemas);
    if (saved.latest === undefined) continue;
    host.latestTimestamp = saved.latest.timestamp;
    host.latestSchema = state.schemas.get(saved.latest.schema);
    if (host.latestSchema !== undefined) state.schemas.retain(host.latestSchema);
    host.latestValues = Buffer.from(saved.latest.values, 'base64');
  }
  return state;
}
