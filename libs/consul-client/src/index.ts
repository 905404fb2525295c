export { ConsulKv, type ConsulKvOptions } from './consul-kv.ts';
export { EmbeddedKv, type EmbeddedKvOptions } from './embedded-kv.ts';
export { watchPrefix, type KvListener, type WatchOptions } from './watch-prefix.ts';
export {
  VALUE_BYTES_MAX,
  type KvEntry,
  type KvListing,
  type KvListOptions,
  type KvPutOptions,
  type KvStore,
} from './kv-store.ts';
export { handleKvRequest, KV_PATH, type KvRequest, type KvResponse } from './kv-http.ts';
