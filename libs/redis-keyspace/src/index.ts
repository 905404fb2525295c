export { Keyspace, type KeyProfile, type KeyspaceOptions } from './keyspace.ts';
export {
  CONFIG_STREAM_LENGTH_MAX,
  HOST_FIELDS,
  REPORT_FIELDS,
  type KeyKind,
  type KeyRef,
  type RollupResolution,
} from './key-ref.ts';
export {
  CHUNK_WINDOW_SECONDS,
  chunkWindowStart,
  DEFAULT_RETENTION,
  rollupPeriodStart,
  trimBelow,
  ttlMsOf,
  type Retention,
} from './retention.ts';
export {
  readWriteReports,
  REPORTS_PER_CALL_MAX,
  WRITE_REPORTS,
  writeReportsCall,
  type HostReports,
  type StoredReport,
  type WriteOutcome,
} from './write-reports.ts';
export { ADVANCE_WATERMARK, advanceWatermarkCall, type Watermark } from './advance-watermark.ts';
export {
  FENCE_CONFIG,
  fenceConfigCall,
  readFenceConfig,
  type ConfigChange,
  type ConfigMessage,
  type FenceOutcome,
} from './fence-config.ts';
export { FORGET_CONFIG, forgetConfigCall } from './forget-config.ts';
export type { Script, ScriptCall } from './script.ts';
export { decodeName, encodeName } from './name.ts';
export { formatSeconds, parseSeconds, SECONDS_MAX } from './seconds.ts';
export { SLOT_COUNT, slotOf } from './slot.ts';
