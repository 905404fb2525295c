export { Replica, type ReplicaOptions } from './replica.ts';
export { statusFault, type Outcome } from './stager.ts';
export {
  PartitionState,
  ReportStatus,
  type AppliedEntry,
  type PartitionSettings,
} from './partition-state.ts';
export { decodeSnapshot, encodeSnapshot } from './snapshot.ts';
export { HostTable, latestOf, statusOf, type HostRecord, type HostStatus } from './host-table.ts';
export { Feed, IDLE_MS, type FeedCursor, type FeedEvent } from './feed.ts';
export { RecentQuery, type RangeAnswer } from './recent-query.ts';
export { Flusher, type FlusherState } from './flusher.ts';
export { FlushPlan, WATERMARK_TRAIL_MS } from './flush-plan.ts';
export { acceptedReports, RetainedLog } from './retained-log.ts';
export { encodeControl, encodeReports, EntryView, recordBytes, type EntryKind } from './entry.ts';
export type { CommitLog, HistoryOutcome, Proposer, ReportHistory, SnapshotSink } from './ports.ts';
export { SchemaRegistry } from './schema-registry.ts';
