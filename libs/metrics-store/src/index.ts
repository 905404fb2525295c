export type { MetricsStore, StoredHost, WriteOutcome } from './metrics-store.ts';
export { RedisStore, type RedisStoreOptions } from './redis-store.ts';
export { EmbeddedStore, type EmbeddedStoreOptions } from './embedded-store.ts';
export { MemoryStore } from './memory-store.ts';
export { REDIS_OPTIONS } from './redis-connection.ts';
export type { CodecName } from './report-codec.ts';
