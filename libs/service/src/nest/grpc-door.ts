/**
 * Nest's gRPC server with what a public door needs besides: limits, strict decoding, the port it really got,
 * and a drain that lets calls finish but not for ever.
 *
 * 1. A handler that fails before it answers a stream call ends that call; Nest alone would crash the process.
 * 2. {@link GrpcDoor.drain} refuses new calls, lets running ones finish, and cuts what is left after the
 *    grace.
 */
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { ServerGrpc } from '@nestjs/microservices';
import { authorityOf } from '../start-process.ts';
import { decodeStrictly, refuseUndecodable, type PackageDefinition } from './decode-strictly.ts';

export interface GrpcDoorOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The protobuf package, `ringwatch.v1`. */
  readonly package: string;
  readonly packageDefinition: PackageDefinition;
  /** Largest message either way; default 4 MiB. */
  readonly messageBytesMax?: number;
  /** How long running calls may take to finish when the server drains; default 10 s. */
  readonly drainGraceMs?: number;
}

const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
const DRAIN_GRACE_MS = 10_000;

/**
 * Keepalive finds dead peers in 13 s; the connection's age makes long-lived clients resolve and balance
 * again.
 */
const CHANNEL_OPTIONS: ServerOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.max_connection_age_ms': 30 * 60_000,
  'grpc.max_connection_age_grace_ms': 60_000,
  'grpc.max_concurrent_streams': 1_000,
  'grpc.enable_channelz': 0,
  'grpc-node.max_session_memory': 64,
};

type StreamMethod = ReturnType<ServerGrpc['createStreamCallMethod']>;

export class GrpcDoor extends ServerGrpc {
  readonly #options: GrpcDoorOptions;
  #server: Server | undefined;
  #port = 0;

  constructor(options: GrpcDoorOptions) {
    super({ package: options.package, packageDefinition: decodeStrictly(options.packageDefinition) });
    this.#options = options;
  }

  /** The bound port, once listening. */
  get port(): number {
    return this.#port;
  }

  /** Called by Nest when it starts to listen. @throws the bind's own error. */
  override async createClient(): Promise<Server> {
    const { messageBytesMax = MESSAGE_BYTES_MAX, host, port } = this.#options;
    const authority = authorityOf(host, port);
    const server = new Server({
      ...CHANNEL_OPTIONS,
      'grpc.max_receive_message_length': messageBytesMax,
      'grpc.max_send_message_length': messageBytesMax,
      interceptors: [refuseUndecodable],
    });
    this.#port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(authority, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    this.#server = server;
    return server;
  }

  override createStreamCallMethod(
    handler: (...args: unknown[]) => unknown,
    isResponseStream: boolean,
  ): StreamMethod {
    const unguarded = super.createStreamCallMethod(handler, isResponseStream);
    return async (call, callback) => {
      try {
        await unguarded(call, callback);
      } catch (status) {
        if (isResponseStream) call.emit('error', status);
        else callback(status, null);
      }
    };
  }

  /**
   * Resolves when every call has ended, by itself or by force. `forceShutdown` would be the obvious way, but
   * without channelz it knows of no sessions and cuts nothing; `drain` does.
   */
  async drain(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.drain(authorityOf(this.#options.host, this.#port), this.#options.drainGraceMs ?? DRAIN_GRACE_MS);
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  }

  override async close(): Promise<void> {
    await this.drain();
  }
}
