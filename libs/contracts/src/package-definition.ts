import type { ServiceDefinition, MethodDefinition } from '@grpc/grpc-js';
import { ConfigServiceService } from './gen/ringwatch/v1/config.ts';
import { IngestServiceService } from './gen/ringwatch/v1/ingest.ts';
import { MonitorServiceService, protobufPackage } from './gen/ringwatch/v1/monitor.ts';

/** The protobuf package of every service here. */
export const PACKAGE = protobufPackage;

type AnyMethod = MethodDefinition<unknown, unknown>;

/**
 * All services in the shape that `@grpc/proto-loader` would produce, for servers that take a
 * `packageDefinition` instead of a `.proto` path. Keys are `ringwatch.v1.IngestService` → `Push` →
 * definition.
 */
export const packageDefinition: Record<string, Record<string, AnyMethod>> = {
  [`${PACKAGE}.IngestService`]: definitionOf(IngestServiceService),
  [`${PACKAGE}.MonitorService`]: definitionOf(MonitorServiceService),
  [`${PACKAGE}.ConfigService`]: definitionOf(ConfigServiceService),
};

function definitionOf(service: ServiceDefinition): Record<string, AnyMethod> {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      { ...(method as AnyMethod), originalName: name },
    ]),
  );
}
