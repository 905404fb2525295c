export {
  encodeFrame,
  type ClientFrame,
  type HostFilter,
  type MetricFilter,
  type ServerFrame,
  type SourceState,
  type SourceStatus,
  type SubscribeFrame,
  type WireHost,
  type WireReport,
  type WireSchema,
} from './frame.ts';
export { parseClientFrame } from './parse-client-frame.ts';
export { parseServerFrame } from './parse-server-frame.ts';
export { SchemaBook, type DecodedReport } from './schema-book.ts';
export {
  nextPhase,
  nextViewing,
  RECONNECT_BASE_MS,
  RECONNECT_MAX_MS,
  STALE_AFTER_INTERVALS,
  type ConnectionEvent,
  type Phase,
  type Viewing,
  type ViewingEvent,
} from './connection.ts';
export { LiveSession, type SessionEffect, type SessionMoment } from './session.ts';
export { LiveChannel, type ChannelUpdate } from './channel.ts';
export { compileFilter, type LiveFilter } from './filter.ts';
export { compileGlob } from './glob.ts';
export {
  LATEST_HOSTS_MAX,
  LatestTable,
  type IncomingReport,
  type Labels,
  type LiveReport,
  type LiveSchema,
} from './latest-table.ts';
export {
  CHANNEL_HOSTS_MAX,
  CHANNEL_SCHEMAS_MAX,
  CLIENT_FRAMES_BURST,
  CLIENT_FRAMES_PER_SECOND,
  CLOSE_FROM_BYTES,
  CLOSE_GOING_AWAY,
  CLOSE_POLICY,
  CLOSE_TRY_AGAIN,
  CONFLATE_FROM_BYTES,
  DRAIN_TIMEOUT_MS,
  FILTER_LABELS_MAX,
  FRAME_SIZE_MAX,
  LIVE_VERSION,
  PATTERN_LENGTH_MAX,
  PATTERNS_MAX,
  REPORTS_PER_FRAME_MAX,
  SUBSCRIBES_BURST,
  SUBSCRIBES_PER_SECOND,
  SUBSCRIPTION_ID_LENGTH_MAX,
  SUBSCRIPTIONS_MAX,
  VALUES_PER_FRAME_MAX,
} from './limits.ts';
