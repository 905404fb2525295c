import { join } from 'node:path';
import { commonFields, durationMsField, portField, urlField } from '@ringwatch/service';
import { z } from 'zod';

const MIB = 1024 * 1024;

/** The broker's configuration. What operators change at run time is in the settings document instead. */
export const brokerConfig = z.object({
  ...commonFields({ httpPort: 7101 }),
  grpcPort: portField(7102, 'gRPC port: ingest, queries, subscriptions'),
  dataDir: z
    .string()
    .min(1)
    .default('.ringwatch/broker')
    .describe('Folder of the log and, without Redis, of the store'),
  redisUrl: urlField(['redis', 'rediss'], 'Redis for reports; absent means the embedded store').meta({
    secret: true,
  }),
  redisCodec: z.enum(['json', 'columns']).default('json').describe('How reports are written to Redis'),
  consulUrl: urlField(
    ['http', 'https'],
    'Consul, or a config-sync with the embedded one; absent means default settings',
  ),
  configRedisUrl: urlField(
    ['redis', 'rediss'],
    'Redis that holds the fast copy of the configuration; default: that of --redis-url',
  ).meta({ secret: true }),
  retainedMs: durationMsField(15 * 60_000, 'How long the log keeps reports at hand', { minMs: 1_000 }),
  logBytesMax: z
    .number()
    .int()
    .min(16 * MIB)
    .default(1024 * MIB)
    .describe('Bytes the log may take'),
  cacheBytesMax: z
    .number()
    .int()
    .min(MIB)
    .default(256 * MIB)
    .describe('Bytes of the log kept in memory'),
  drainMs: durationMsField(5_000, 'How long a stopping broker goes on flushing to the store'),
});

export type BrokerConfig = z.output<typeof brokerConfig>;

/** Folders under the data folder. */
export function foldersOf(dataDir: string): { log: string; snapshot: string; store: string; config: string } {
  return {
    log: join(dataDir, 'log'),
    snapshot: join(dataDir, 'snapshot'),
    store: join(dataDir, 'store'),
    config: join(dataDir, 'config'),
  };
}
