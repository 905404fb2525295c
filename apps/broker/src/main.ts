import { openConfigReader } from '@ringwatch/config-store';
import { PACKAGE, packageDefinition } from '@ringwatch/contracts';
import { systemClock } from '@ringwatch/kernel/system';
import { startProcess } from '@ringwatch/service';
import { bootstrap } from '@ringwatch/service/nest';
import type { FastifyRequest } from 'fastify';
import { BrokerModule } from './broker.module.ts';
import { BrokerStatus } from './broker-status.ts';
import { brokerConfig, foldersOf } from './config.ts';
import { parseJsonBody } from './json-body.ts';
import { openReplica } from './open-replica.ts';
import { SettingsHolder } from './settings.ts';

/** No setting can raise the limit of a request body above this. */
const BODY_BYTES_CEILING = 8 * 1024 * 1024;

const service = startProcess({ name: 'broker', schema: brokerConfig });
const { config, logger, lifecycle, metrics, readiness } = service;
const { consulUrl, redisUrl, configRedisUrl = redisUrl, dataDir } = config;
const reader = await openConfigReader({
  consulUrl,
  redisUrl: configRedisUrl,
  folder: foldersOf(dataDir).config,
  logger,
});
lifecycle.on('close', 'settings', () => reader.close());
const settings = new SettingsHolder(reader);
const clock = systemClock;

const { replica, store, log, close } = await openReplica({
  config,
  settings,
  clock,
  logger,
  onBroken: (fault) => {
    logger.error(
      { error: fault, cause: String(fault.cause) },
      'the log is broken: ending, so that nothing more is acknowledged',
    );
    logger.flushSync();
    // An orderly exit waits for native stores, which may hang on the very disk that failed.
    process.kill(process.pid, 'SIGKILL');
  },
});
lifecycle.on('close', 'replica', close);
const status = new BrokerStatus(replica, log, store, settings);
status.publish(metrics, readiness);

await bootstrap({
  module: BrokerModule.of({ process: service, replica, settings, status, clock }),
  config,
  logger,
  lifecycle,
  readiness,
  metrics,
  http: {
    bodyBytesMax: BODY_BYTES_CEILING,
    configure: (fastify) => fastify.removeContentTypeParser('text/plain'),
  },
  grpc: { package: PACKAGE, packageDefinition },
  configure: (app) => {
    app.useBodyParser('application/json', {}, (request: FastifyRequest, body: Buffer) =>
      parseJsonBody(body, request.headers['content-encoding'], settings.current.limits),
    );
  },
});
