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
 * A reader over the sources that a process was configured with, following them. Resolves when something is
 * known, at the latest after 5 s; never rejects because a source is away.
 */
export async function openConfigReader(options: OpenConfigReaderOptions): Promise<ConfigReader> {
  const { consulUrl, redisUrl, folder, logger } = options;
  await mkdir(folder, { recursive: true });
  const reader = new ConfigReader({
    ...(consulUrl !== undefined && { kv: new ConsulKv({ url: consulUrl }) }),
    ...(redisUrl !== undefined && { copy: new RedisCopy({ url: redisUrl, logger }) }),
    snapshotPath: join(folder, 'config.json'),
    logger,
  });
  if (consulUrl !== undefined || redisUrl !== undefined) await reader.start();
  return reader;
}
