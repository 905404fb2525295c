export {
  startProcess,
  runService,
  EXIT_UNAVAILABLE,
  isLoopback,
  authorityOf,
  logListening,
  type ServiceProcess,
  type StartProcessOptions,
} from './start-process.ts';
export { hostRefusal } from './host-guard.ts';
export {
  loadConfig,
  parseConfig,
  redactConfig,
  EXIT_CONFIG,
  type LoadConfigOptions,
  type ConfigOutcome,
} from './config/load-config.ts';
export { commonFields, portField, urlField, durationMsField, LOG_LEVELS } from './config/common-fields.ts';
export {
  describeConfig,
  type ConfigField,
  type ConfigSchema,
  type FieldKind,
} from './config/config-field.ts';
export {
  createLogger,
  FLUSH_MAX_MS,
  LOG_BUFFER_BYTES_MAX,
  type CreateLoggerOptions,
  type ProcessLogger,
} from './create-logger.ts';
export { Lifecycle, STAGES, type LifecycleOptions, type Stage } from './lifecycle.ts';
export { Readiness, type Check, type CheckState, type ReadinessReport } from './readiness.ts';
export { Metrics, LATENCY_BUCKETS_SECONDS } from './metrics.ts';
export {
  HealthServer,
  answerHealth,
  HEALTH_PATHS,
  type HealthAnswer,
  type HealthPath,
  type HealthSources,
} from './health-server.ts';
export {
  faultToGrpc,
  faultToProblem,
  faultOfHttpStatus,
  httpStatusOf,
  isInternal,
  REASON_METADATA,
  RETRY_AFTER_METADATA,
  type Problem,
  type ProblemAnswer,
} from './fault-mapping.ts';
