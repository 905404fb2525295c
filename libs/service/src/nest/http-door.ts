/**
 * Fastify as a public door: bounded connections, bodies and parameters, no trusted headers, the health paths,
 * and a drain of its own.
 *
 * 1. On loopback only loopback names are answered ({@link hostRefusal}), but for the health paths.
 * 2. A connection too many is closed at once. Bodies under way are bounded together, as announced: who
 *    announces and does not send counts as well.
 *
 * Node's `server.close()` cuts idle keep-alive connections at once, racing with a client that is just sending
 * its next request; Nest waits for them for ever. So {@link HttpDoor.drain} stops listening, answers what
 * still comes with `Connection: close`, and only after a grace closes what has gone idle.
 */
import { Server as NetServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Server } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault, sleep, type Clock } from '@ringwatch/kernel';
import { faultToProblem } from '../fault-mapping.ts';
import { answerHealth, HEALTH_PATHS, type HealthSources } from '../health-server.ts';
import { hostRefusal } from '../host-guard.ts';
import { faultOfFastify } from './fault-filter.ts';

export interface HttpDoorOptions extends HealthSources {
  readonly clock: Clock;
  /** The address that the door will listen on. */
  readonly listen: string;
  /** Connections at a time; default 512. */
  readonly connectionsMax?: number;
  /** Largest request body as received; default 1 MiB. */
  readonly bodyBytesMax?: number;
  /** Bodies under way together, as announced; default 256 MiB. */
  readonly bodiesBytesMax?: number;
  /** How long idle connections are kept for their next request while draining; default 300 ms. */
  readonly idleGraceMs?: number;
  /** How long requests and sockets may take to finish while draining; default 10 s. */
  readonly drainGraceMs?: number;
}

/** Connections of a door at a time. */
export const CONNECTIONS_MAX = 512;
const BODY_BYTES_MAX = 1024 * 1024;
const BODIES_BYTES_MAX = 256 * 1024 * 1024;
const IDLE_GRACE_MS = 300;
const IDLE_POLL_MS = 50;
const DRAIN_GRACE_MS = 10_000;
/** The longest host id that settings can allow, 1,024 bytes, fits percent-encoded. */
const PARAM_CHARS_MAX = 3 * 1_024;
const REQUEST_TIMEOUT_MS = 30_000;

export class HttpDoor {
  readonly adapter: FastifyAdapter;
  readonly #options: HttpDoorOptions;
  readonly #sockets = new Set<Socket>();
  #bodiesBytes = 0;

  constructor(options: HttpDoorOptions) {
    this.#options = options;
    this.adapter = new FastifyAdapter({
      bodyLimit: options.bodyBytesMax ?? BODY_BYTES_MAX,
      trustProxy: false,
      requestIdHeader: false,
      requestTimeout: REQUEST_TIMEOUT_MS,
      return503OnClosing: false,
      forceCloseConnections: 'idle',
      routerOptions: { maxParamLength: PARAM_CHARS_MAX },
      // The router refuses broken URLs before Nest and its filters see them.
      frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
        refuse(reply, faultOfFastify(error));
      },
    });
    this.#server.maxConnections = options.connectionsMax ?? CONNECTIONS_MAX;
    this.#addHooks(this.fastify);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get fastify(): FastifyInstance {
    return this.adapter.getInstance();
  }

  /** The bound port, once listening. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** No new connections from now on; what is connected is still served. */
  stopListening(): void {
    // http.Server.close would cut idle connections; its parent only stops accepting.
    NetServer.prototype.close.call(this.#server);
  }

  /**
   * Resolves when the last connection has gone, by itself or by force; upgraded sockets are connections too.
   */
  async drain(): Promise<void> {
    const { clock, idleGraceMs = IDLE_GRACE_MS, drainGraceMs = DRAIN_GRACE_MS } = this.#options;
    const endMs = clock.monotonicMs() + drainGraceMs;
    if (this.#sockets.size > 0) await sleep(clock, Math.min(idleGraceMs, drainGraceMs));
    while (this.#sockets.size > 0) {
      this.#server.closeIdleConnections();
      if (clock.monotonicMs() >= endMs) for (const socket of this.#sockets) socket.destroy();
      await sleep(clock, IDLE_POLL_MS);
    }
  }

  get #server(): Server {
    return this.fastify.server;
  }

  #addHooks(fastify: FastifyInstance): void {
    const sources = this.#options;
    fastify.addHook('onRequest', (request, reply, done) => {
      if (sources.readiness.draining) void reply.header('connection', 'close');
      const refusal = this.#admit(request);
      if (refusal === undefined) done();
      else refuse(reply, refusal);
    });
    // Fastify closes the connection on a body that is too large, and a client that is still sending then
    // loses the answer. Kept open, the rest is read and thrown away, for at most the request timeout.
    fastify.addHook('onSend', (_request, reply, _payload, done) => {
      if (reply.statusCode === 413 && !sources.readiness.draining) void reply.removeHeader('connection');
      done();
    });
    for (const path of HEALTH_PATHS) {
      fastify.get(path, async (_request, reply) => {
        const { status, contentType, body } = await answerHealth(path, sources);
        return reply
          .status(status)
          .headers({ 'content-type': contentType, 'cache-control': 'no-store' })
          .send(body);
      });
    }
  }

  #admit(request: FastifyRequest): Fault | undefined {
    if (HEALTH_PATHS.some((path) => path === request.routeOptions.url)) return undefined;
    return hostRefusal(this.#options.listen, request.headers.host) ?? this.#reserveBody(request);
  }

  /** Counts the body of `request` until it is read or given up. */
  #reserveBody({ headers, raw }: FastifyRequest): Fault | undefined {
    const { bodyBytesMax = BODY_BYTES_MAX, bodiesBytesMax = BODIES_BYTES_MAX } = this.#options;
    const announced =
      headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Infinity;
    const bytes = Math.min(announced, bodyBytesMax); // More is refused unread.
    if (bytes === 0) return undefined;
    if (this.#bodiesBytes + bytes > bodiesBytesMax) {
      return new Fault('unavailable', 'too many bodies under way', { reason: 'too_many_bodies' });
    }
    this.#bodiesBytes += bytes;
    raw.once('close', () => (this.#bodiesBytes -= bytes));
    return undefined;
  }
}

function refuse(reply: FastifyReply, fault: Fault): void {
  const { status, headers, body } = faultToProblem(fault);
  void reply.status(status).headers(headers).send(JSON.stringify(body));
}
