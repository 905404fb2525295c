/**
 * Brings a Nest app up on its doors and hands its end to the lifecycle.
 *
 * Up: module init → gRPC → HTTP → the `listening` line. Down: readiness 503 → listeners closed → HTTP and
 * gRPC calls finish → Nest closes (`onModuleDestroy`, `onApplicationShutdown`: stores last) → what the main
 * program registered.
 */
import 'reflect-metadata';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Fault, type Clock } from '@ringwatch/kernel';
import { systemClock } from '@ringwatch/kernel/system';
import { authorityOf, logListening, type ServiceProcess } from '../start-process.ts';
import type { PackageDefinition } from './decode-strictly.ts';
import { FaultFilter } from './fault-filter.ts';
import { GrpcDoor } from './grpc-door.ts';
import { HttpDoor } from './http-door.ts';
import { NestLogger } from './nest-logger.ts';

export interface BootstrapOptions extends Pick<
  ServiceProcess,
  'logger' | 'lifecycle' | 'readiness' | 'metrics'
> {
  readonly module: Type | DynamicModule;
  /** The fields of the process's configuration that its doors need. `grpcPort` only where `grpc` is given. */
  readonly config: { readonly listen: string; readonly httpPort: number; readonly grpcPort?: number };
  readonly http?: {
    /** Largest request body as received; default 1 MiB. */
    readonly bodyBytesMax?: number;
    /** Connections at a time; default 512. */
    readonly connectionsMax?: number;
    /** How long requests and WebSockets may take to finish while draining; default 10 s. */
    readonly drainGraceMs?: number;
    /** Registers parsers, plugins and hooks before Nest adds its routes. */
    readonly configure?: (fastify: FastifyInstance) => void | Promise<void>;
  };
  readonly grpc?: {
    readonly package: string;
    readonly packageDefinition: PackageDefinition;
    /** Largest message either way; default 4 MiB. */
    readonly messageBytesMax?: number;
    /** How long running calls may take to finish while draining; default 10 s. */
    readonly drainGraceMs?: number;
  };
  /** Last touches before the app initialises: a WebSocket adapter, pipes. */
  readonly configure?: (app: NestFastifyApplication) => void | Promise<void>;
  readonly clock?: Clock;
}

/** An app that listens. */
export interface RunningApp {
  readonly app: NestFastifyApplication;
  /** `http://127.0.0.1:7101`, with the actual port. */
  readonly http: string;
  /** `127.0.0.1:7102`, with the actual port; absent without `grpc`. */
  readonly grpc?: string;
}

/** @throws what the module's own start throws, or the bind's error. */
export async function bootstrap(options: BootstrapOptions): Promise<RunningApp> {
  const { logger, lifecycle, readiness, metrics, config, clock = systemClock } = options;
  const { configure: configureHttp, ...httpOptions } = options.http ?? {};
  const http = new HttpDoor({ listen: config.listen, readiness, metrics, clock, ...httpOptions });
  await configureHttp?.(http.fastify);
  const app = await NestFactory.create<NestFastifyApplication>(options.module, http.adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    forceCloseConnections: false,
  });
  lifecycle.on('close', 'nest', () => app.close());
  app.useGlobalFilters(new FaultFilter(logger));
  refuseForms(app);
  await options.configure?.(app);
  const grpc = connectGrpc(app, options);
  await app.init();
  lifecycle.on('drain', 'grpc', () => grpc?.drain());
  await app.startAllMicroservices();
  await app.listen(config.httpPort, config.listen);
  lifecycle.on('stop-accepting', 'http', () => http.stopListening());
  lifecycle.on('drain', 'http', () => http.drain());
  const doors = {
    http: `http://${authorityOf(config.listen, http.port)}`,
    ...(grpc === undefined ? {} : { grpc: authorityOf(config.listen, grpc.port) }),
  };
  logListening(logger, doors);
  return { app, ...doors };
}

/** Our doors take JSON; a body that a client sent as a form or as text by mistake is told so, not misread. */
function refuseForms(app: NestFastifyApplication): void {
  for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
    app.getHttpAdapter().getInstance().removeContentTypeParser(type);
    app.useBodyParser(type, {}, () => {
      throw new Fault('invalid_argument', `send application/json, not ${type}`, {
        reason: 'unsupported_media_type',
      });
    });
  }
}

/** After the global filter, which the microservice inherits. */
function connectGrpc(app: NestFastifyApplication, options: BootstrapOptions): GrpcDoor | undefined {
  const { grpc, config } = options;
  if (grpc === undefined) return undefined;
  const door = new GrpcDoor({ ...grpc, host: config.listen, port: config.grpcPort ?? 0 });
  app.connectMicroservice({ strategy: door }, { inheritAppConfig: true });
  return door;
}
