import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConsulKv } from '@ringwatch/consul-client';
import type { Logger } from '@ringwatch/kernel';
import { ConfigReader } from './config-reader.ts';
import { RedisCopy } from './redis-copy.ts';

export interface OpenConfigReaderOptions {
  /** The authority, or a config-sync with the embedded one. Absent: not followed. */
  readonly consulUrl?: string | undefined;
  /** Redis that holds the fast copy. Absent: not followed. */
  readonly redisUrl?: string | undefined;
  /** Folder of the snapshot; created when missing. */
  readonly folder: string;
  readonly logger: Logger;
}

/**
 * A reader over the sources that a process was configured with, following them; its `close` ends the
 * connections too. Resolves when something is
 * known, at the latest after 5 s; never rejects because a source is away.
 */
export async function openConfigReader(options: OpenConfigReaderOptions): Promise<ConfigReader> {
  const { consulUrl, redisUrl, folder, logger } = options;
  await mkdir(folder, { recursive: true });
  const kv = consulUrl === undefined ? undefined : new ConsulKv({ url: consulUrl });
  const copy = redisUrl === undefined ? undefined : new RedisCopy({ url: redisUrl, logger });
  const reader = new ConfigReader({
    ...(kv !== undefined && { kv }),
    ...(copy !== undefined && { copy }),
    snapshotPath: join(folder, 'config.json'),
    onClosed: () => {
      kv?.close();
      copy?.close();
    },
    logger,
  });
  if (consulUrl !== undefined || redisUrl !== undefined) await reader.start();
  return reader;
}
