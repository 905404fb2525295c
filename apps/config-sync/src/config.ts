import { commonFields, portField, urlField } from '@ringwatch/service';
import { z } from 'zod';

/** The configuration of config-sync itself. */
export const configSyncConfig = z.object({
  ...commonFields({ httpPort: 7201 }),
  grpcPort: portField(7202, 'gRPC port: documents'),
  dataDir: z
    .string()
    .min(1)
    .default('.ringwatch/config-sync')
    .describe('Folder of the last good copy and, without Consul, of the embedded store'),
  consulUrl: urlField(['http', 'https'], 'Consul, the authority; absent means the embedded store'),
  consulToken: z.string().min(1).optional().describe('ACL token for Consul').meta({ secret: true }),
  redisUrl: urlField(['redis', 'rediss'], 'Redis that gets the fast copy; absent means none').meta({
    secret: true,
  }),
});

export type ConfigSyncConfig = z.output<typeof configSyncConfig>;
