import { join } from 'node:path';
import { ConfigStore, RedisCopy } from '@ringwatch/config-store';
import { ConsulKv, EmbeddedKv } from '@ringwatch/consul-client';
import type { Logger } from '@ringwatch/kernel';
import type { ConfigSyncConfig } from './config.ts';

/** The store with what it runs on. */
export interface OpenConfigStore {
  readonly store: ConfigStore;
  /** The authority, when it is ours. */
  readonly embedded: EmbeddedKv | undefined;
  close(): Promise<void>;
}

/**
 * Opens the stores that the configuration names. A named one that is away is waited for, never replaced.
 * @throws {Fault} `failed_precondition` or `data_loss` when the embedded store cannot be opened.
 */
export async function openConfigStore(
  { consulUrl, consulToken, redisUrl, dataDir }: ConfigSyncConfig,
  logger: Logger,
): Promise<OpenConfigStore> {
  const token = consulToken === undefined ? {} : { token: consulToken };
  const consul = consulUrl === undefined ? undefined : new ConsulKv({ url: consulUrl, ...token });
  const embedded = consul === undefined ? await EmbeddedKv.open({ path: join(dataDir, 'kv') }) : undefined;
  const kv = consul ?? (embedded as EmbeddedKv);
  const copy = redisUrl === undefined ? undefined : new RedisCopy({ url: redisUrl, logger });
  const snapshotPath = join(dataDir, 'snapshot');
  const store = new ConfigStore({ kv, snapshotPath, logger, ...(copy === undefined ? {} : { copy }) });
  return {
    store,
    embedded,
    close: async () => {
      await store.close();
      copy?.close();
      consul?.close();
      await embedded?.close();
    },
  };
}
