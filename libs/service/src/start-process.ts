/**
 * The first line of every main program: configuration, log, metrics, readiness and lifecycle, wired together
 * once.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { z } from 'zod';
import { toFault, type Clock } from '@ringwatch/kernel';
import type { ConfigSchema } from './config/config-field.ts';
import { loadConfig, redactConfig, type LoadConfigOptions } from './config/load-config.ts';
import { createLogger, type ProcessLogger } from './create-logger.ts';
import { Lifecycle } from './lifecycle.ts';
import { Metrics } from './metrics.ts';
import { Readiness } from './readiness.ts';

/** What a process runs on besides its own parts. */
export interface ServiceProcess<C = unknown> {
  readonly name: string;
  readonly config: Readonly<C>;
  readonly logger: ProcessLogger;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly lifecycle: Lifecycle;
}

export interface StartProcessOptions<S extends ConfigSchema> extends LoadConfigOptions<S> {
  /** From the signal to a forced exit; default 20 s. */
  readonly shutdownDeadlineMs?: number;
  readonly clock?: Clock;
}

/** Loads the configuration (exits 78 where it is invalid), prints it redacted, and listens for signals. */
export function startProcess<S extends ConfigSchema>(
  options: StartProcessOptions<S>,
): ServiceProcess<z.output<S>> {
  const { name, schema, shutdownDeadlineMs, clock } = options;
  const config = loadConfig(options);
  const { logLevel, listen } = config as { logLevel?: string; listen?: string };
  const logger = createLogger(logLevel === undefined ? { name } : { name, level: logLevel });
  logger.info({ config: redactConfig(schema, config) }, 'configuration');
  if (listen !== undefined && !isLoopback(listen)) {
    logger.warn({ listen }, 'listening beyond loopback, and nothing authenticates yet');
  }
  const readiness = new Readiness();
  const lifecycle = new Lifecycle({
    logger,
    readiness,
    ...(clock === undefined ? {} : { clock }),
    ...(shutdownDeadlineMs === undefined ? {} : { deadlineMs: shutdownDeadlineMs }),
  });
  lifecycle.install();
  return { name, config, logger, metrics: new Metrics(name), readiness, lifecycle };
}

/** sysexits.h EX_UNAVAILABLE: a port is taken, a data folder is locked or damaged. */
export const EXIT_UNAVAILABLE = 69;

/** Runs `start`; when it fails, says why in one line, gives back what was opened and exits 69. */
export async function runService(
  { logger, lifecycle }: Pick<ServiceProcess, 'logger' | 'lifecycle'>,
  start: () => Promise<unknown>,
): Promise<void> {
  try {
    await start();
  } catch (error) {
    const { code, reason, detail } = toFault(error, 'unavailable');
    logger.error({ code, reason, detail, error }, 'cannot start');
    await lifecycle.shutdown('cannot start', EXIT_UNAVAILABLE);
  }
}

/** True for `localhost`, 127.0.0.0/8 and ::1: only this machine can connect. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.');
  return isIPv6(host) ? host === '::1' : host === 'localhost';
}

/** `host:port` as an authority: IPv6 addresses get their brackets. */
export function authorityOf(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The line by which launchers and tests learn the actual ports. */
export function logListening(
  logger: ProcessLogger,
  doors: { readonly http?: string; readonly grpc?: string },
): void {
  logger.info(doors, 'listening');
}
