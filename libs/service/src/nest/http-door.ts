/**
 * Fastify as a public door: bounded bodies and parameters, no trusted headers, the health paths, and a drain
 * of its own.
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
import { sleep, type Clock } from '@ringwatch/kernel';
import { faultToProblem } from '../fault-mapping.ts';
import { answerHealth, HEALTH_PATHS, type HealthSources } from '../health-server.ts';
import { faultOfFastify } from './fault-filter.ts';

export interface HttpDoorOptions extends HealthSources {
  readonly clock: Clock;
  /** Largest request body as received; default 1 MiB. */
  readonly bodyBytesMax?: number;
  /** How long idle connections are kept for their next request while draining; default 300 ms. */
  readonly idleGraceMs?: number;
  /** How long requests and sockets may take to finish while draining; default 10 s. */
  readonly drainGraceMs?: number;
}

const BODY_BYTES_MAX = 1024 * 1024;
const IDLE_GRACE_MS = 300;
const IDLE_POLL_MS = 50;
const DRAIN_GRACE_MS = 10_000;
/** A host id of 255 bytes, percent-encoded, fits. */
const PARAM_CHARS_MAX = 1_024;
const REQUEST_TIMEOUT_MS = 30_000;

export class HttpDoor {
  readonly adapter: FastifyAdapter;
  readonly #options: HttpDoorOptions;
  readonly #sockets = new Set<Socket>();

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
        const { status, headers, body } = faultToProblem(faultOfFastify(error));
        void reply.status(status).headers(headers).send(JSON.stringify(body));
      },
    });
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
    fastify.addHook('onRequest', (_request, reply, done) => {
      if (sources.readiness.draining) void reply.header('connection', 'close');
      done();
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
}
