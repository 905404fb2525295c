/**
 * The broker without its configuration: lock, settings, replica, doors, in this order, and the end of each.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openConfigReader } from '@ringwatch/config-store';
import { PACKAGE, packageDefinition } from '@ringwatch/contracts';
import type { Fault } from '@ringwatch/kernel';
import { acquireFileLock, systemClock } from '@ringwatch/kernel/system';
import { LIMITS_CEILING } from '@ringwatch/metrics';
import type { ProcessLogger, ServiceProcess } from '@ringwatch/service';
import { bootstrap, type RunningApp } from '@ringwatch/service/nest';
import type { FastifyRequest } from 'fastify';
import { BrokerModule } from './broker.module.ts';
import { BrokerStatus } from './broker-status.ts';
import { foldersOf, type BrokerConfig } from './config.ts';
import { parseJsonBody } from './json-body.ts';
import { openReplica } from './open-replica.ts';
import { SettingsHolder } from './settings.ts';

/**
 * Resolves when all doors are open. Store and configuration may be away: it takes reports and says so.
 * @throws {Fault} `failed_precondition` when another process has the data folder, `data_loss` when log or
 *   snapshot are damaged.
 */
export async function startBroker(service: ServiceProcess<BrokerConfig>): Promise<RunningApp> {
  const { config, logger, lifecycle, metrics, readiness } = service;
  const { consulUrl, redisUrl, configRedisUrl = redisUrl, dataDir } = config;
  const clock = systemClock;
  await mkdir(dataDir, { recursive: true });
  lifecycle.on('close', 'lock', acquireFileLock(join(dataDir, 'lock')));
  const folder = foldersOf(dataDir).config;
  const reader = await openConfigReader({ consulUrl, redisUrl: configRedisUrl, folder, logger });
  lifecycle.on('close', 'settings', () => reader.close());
  const settings = new SettingsHolder(reader);
  const onBroken = (fault: Fault): void => endAtOnce(logger, fault);
  const { replica, store, log, close } = await openReplica({ config, settings, clock, logger, onBroken });
  lifecycle.on('close', 'replica', close);
  const status = new BrokerStatus(replica, log, store, settings);
  status.publish(metrics, readiness);
  return bootstrap({
    module: BrokerModule.of({ process: service, replica, settings, status, clock }),
    config,
    logger,
    lifecycle,
    readiness,
    metrics,
    http: { bodyBytesMax: LIMITS_CEILING.requestBytesMax },
    grpc: { package: PACKAGE, packageDefinition },
    configure: (app) => {
      app.useBodyParser('application/json', {}, (request: FastifyRequest, body: Buffer) =>
        parseJsonBody(body, request.headers['content-encoding'], settings.current.limits),
      );
    },
  });
}

/** Ends the process so that nothing more is acknowledged. */
function endAtOnce(logger: ProcessLogger, fault: Fault): void {
  logger.error({ error: fault, cause: String(fault.cause) }, 'the log is broken: ending at once');
  logger.flushSync();
  // An orderly exit waits for native stores, which may hang on the very disk that failed.
  process.kill(process.pid, 'SIGKILL');
  // As process 1 of a container it is spared that signal, but not its own abort.
  process.abort();
}
