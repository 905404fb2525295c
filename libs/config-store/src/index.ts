export {
  ConfigReader,
  type ConfigReaderOptions,
  type ConfigReading,
  type SourceStatus,
} from './config-reader.ts';
export { openConfigReader, type OpenConfigReaderOptions } from './open-config-reader.ts';
export { ConfigStore, type ConfigStoreOptions, type StoredDocument } from './config-store.ts';
export {
  ConfigWriter,
  COPY_APPLIED,
  type ConfigWriterOptions,
  type WriteOptions,
  type WriteResult,
} from './config-writer.ts';
export { RedisCopy, type RedisCopyOptions } from './redis-copy.ts';
export {
  DOCUMENT_BYTES_MAX,
  DOCUMENTS_MAX,
  FAMILIES,
  SETTINGS_KEY,
  type BrokerSettings,
  type Family,
  type FamilyValue,
} from './families.ts';
export { compareVersions, formatVersion, NO_VERSION, parseVersion, type ConfigVersion } from './version.ts';
export { Authority } from './authority.ts';
export { ConfigRelay, type ConfigRelayOptions, type RelayReport } from './config-relay.ts';
export { MemoryCopy, type CopyListener, type FastCopy } from './fast-copy.ts';
export { CONFIG_PREFIX, META_KEY, type ConfigDocument } from './document.ts';
export { canonicalJson, hashOf, type JsonValue } from './canonical-json.ts';
export type { Source } from './document-table.ts';
