import { PACKAGE, packageDefinition } from '@ringwatch/contracts';
import type { ServiceProcess } from '@ringwatch/service';
import { bootstrap, type RunningApp } from '@ringwatch/service/nest';
import type { ConfigSyncConfig } from './config.ts';
import { ConfigStatus } from './config-status.ts';
import { ConfigSyncModule } from './config-sync.module.ts';
import { mountKv } from './kv-door.ts';
import { openConfigStore } from './open-config-store.ts';

/** Opens the stores and the doors. @throws {Fault} when the embedded store cannot be opened. */
export async function startConfigSync(service: ServiceProcess<ConfigSyncConfig>): Promise<RunningApp> {
  const { config, logger, lifecycle, metrics, readiness } = service;
  const { store, embedded, close } = await openConfigStore(config, logger);
  lifecycle.on('close', 'configuration', close);
  await store.start();
  new ConfigStatus(store, embedded !== undefined).publish(metrics, readiness);
  return bootstrap({
    module: ConfigSyncModule.of(store),
    config,
    logger,
    lifecycle,
    readiness,
    metrics,
    http: {
      configure: async (fastify) => {
        if (embedded !== undefined) await mountKv(fastify, embedded, lifecycle.signal);
      },
    },
    grpc: { package: PACKAGE, packageDefinition },
  });
}
