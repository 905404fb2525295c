import { commonFields, urlField } from '@ringwatch/service';
import { z } from 'zod';

const address = z.string().regex(/^[^\s:]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i, 'expected host:port');

/** The gateway's configuration. What operators change at run time is in the settings document instead. */
export const gatewayConfig = z.object({
  ...commonFields({ httpPort: 7301 }),
  brokers: z
    .array(address)
    .min(1)
    .max(64)
    .default(['127.0.0.1:7102'])
    .describe('gRPC addresses of the brokers, host:port'),
  dashboardDir: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Folder of the built page', defaultText: 'dashboard beside the program' }),
  allowedOrigins: z
    .array(z.url({ protocol: /^https?$/ }))
    .max(64)
    .default([])
    .describe('Origins of other sites whose pages may open /live; pages of this host always may'),
  socketsMax: z.number().int().min(1).default(10_000).describe('Viewers at a time'),
  socketsPerAddressMax: z.number().int().min(1).default(256).describe('Viewers at a time from one address'),
  backends: z
    .array(z.string().regex(/^[a-z]+=[^\s=]{1,64}$/, 'expected part=back end'))
    .max(8)
    .default([])
    .describe('What runs on what, shown in the page: store=redis'),
  dataDir: z
    .string()
    .min(1)
    .default('.ringwatch/visualization-gateway')
    .describe('Folder of the configuration snapshot'),
  consulUrl: urlField(
    ['http', 'https'],
    'Consul, or a config-sync with the embedded one; absent means default settings',
  ),
  configRedisUrl: urlField(['redis', 'rediss'], 'Redis that holds the fast copy of the configuration').meta({
    secret: true,
  }),
});

export type GatewayConfig = z.output<typeof gatewayConfig>;

/** `['store=redis']` as `{ store: 'redis' }`. */
export function backendsOf(config: Pick<GatewayConfig, 'backends'>): Readonly<Record<string, string>> {
  return Object.fromEntries(config.backends.map((entry) => entry.split('=') as [string, string]));
}
