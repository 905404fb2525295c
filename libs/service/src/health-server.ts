/**
 * `/livez`, `/readyz` and `/metrics`, the three paths that every process answers. {@link answerHealth} is the
 * content; {@link HealthServer} serves it alone, for processes without an HTTP door of their own.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Fault } from '@ringwatch/kernel';
import { faultToProblem } from './fault-mapping.ts';
import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

export const HEALTH_PATHS = ['/livez', '/readyz', '/metrics'] as const;
export type HealthPath = (typeof HEALTH_PATHS)[number];

export interface HealthSources {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
}

export interface HealthAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * `/livez` says only that the event loop turns; it depends on nothing, or a slow Redis would have us
 * restarted.
 */
export async function answerHealth(
  path: HealthPath,
  { readiness, metrics }: HealthSources,
): Promise<HealthAnswer> {
  switch (path) {
    case '/livez':
      return { status: 200, contentType: JSON_TYPE, body: '{"status":"alive"}' };
    case '/readyz': {
      const report = readiness.report();
      const status = report.status === 'ready' || report.status === 'degraded' ? 200 : 503;
      return { status, contentType: JSON_TYPE, body: JSON.stringify(report) };
    }
    case '/metrics':
      return { status: 200, contentType: metrics.contentType, body: await metrics.text() };
  }
}

/** A plain HTTP server with only the health paths. */
export class HealthServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Binds `host:port`; port 0 picks a free one. @throws the bind's own error. */
  static async listen(sources: HealthSources, host: string, port: number): Promise<HealthServer> {
    const server = createServer((request, response) => {
      const path = HEALTH_PATHS.find((each) => each === request.url?.split('?', 1)[0]);
      if (sources.readiness.draining) response.setHeader('connection', 'close');
      if (path === undefined) refuse(response, new Fault('not_found', 'no such path'));
      else if (request.method !== 'GET')
        refuse(response, new Fault('unimplemented', 'only GET', { reason: 'method_not_allowed' }));
      else
        void answerHealth(path, sources).then(
          (answer) => send(response, answer),
          (error: unknown) => response.destroy(error as Error),
        );
      request.resume();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return new HealthServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Answers what is in flight, then closes. */
  close(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#server.close((error) => (error === undefined ? resolve() : reject(error))),
    );
  }
}

function refuse(response: ServerResponse, fault: Fault): void {
  const { status, headers, body } = faultToProblem(fault);
  response.writeHead(status, headers).end(JSON.stringify(body));
}

function send(response: ServerResponse, { status, contentType, body }: HealthAnswer): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
}
