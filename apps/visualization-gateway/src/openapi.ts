/** The REST door in OpenAPI 3.1, made from the schemas that validate it. */
import type { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import {
  host,
  hostPath,
  hostsAnswer,
  hostsQuery,
  latestAnswer,
  latestQuery,
  metricsAnswer,
  metricsQuery,
  problem,
  statusAnswer,
} from './rest-schemas.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly answer: z.ZodType;
  readonly query?: z.ZodObject;
  readonly path?: z.ZodObject;
}

let made: object | undefined;

/** The document; the same object each time. */
export function openApiDocument(): object {
  made ??= createDocument({
    openapi: '3.1.0',
    info: {
      title: 'ringwatch visualization gateway',
      version: '1',
      description:
        'Who reports, what was reported, and what is newest. Live updates come by WebSocket at /live.',
    },
    paths: {
      '/api/v1/hosts': {
        get: operation({
          operationId: 'listHosts',
          summary: 'Hosts in order of their ids, in pages',
          query: hostsQuery,
          answer: hostsAnswer,
        }),
      },
      '/api/v1/hosts/{hostId}': {
        get: operation({ operationId: 'getHost', summary: 'One host', path: hostPath, answer: host }),
      },
      '/api/v1/metrics': {
        get: operation({
          operationId: 'getMetrics',
          summary: 'Reports of one host: that of a time, or those of a range, oldest first',
          query: metricsQuery,
          answer: metricsAnswer,
        }),
      },
      '/api/v1/latest': {
        get: operation({
          operationId: 'getLatest',
          summary: 'The newest report of each host',
          query: latestQuery,
          answer: latestAnswer,
        }),
      },
      '/api/v1/status': {
        get: operation({ operationId: 'getStatus', summary: 'How the gateway stands', answer: statusAnswer }),
      },
    },
  });
  return made;
}

function operation({ operationId, summary, answer, query, path }: Operation): ZodOpenApiOperationObject {
  return {
    operationId,
    summary,
    requestParams: { ...(query && { query }), ...(path && { path }) },
    responses: {
      '200': { description: 'OK', content: { 'application/json': { schema: answer } } },
      default: { description: 'A coded fault', content: { 'application/problem+json': { schema: problem } } },
    },
  };
}
