/**
 * Puts over gRPC, one per call or many on a stream, for whoever makes them durable.
 *
 * 1. A put is answered when the promise of `put` is resolved, on a stream in whatever order that happens; the
 *    answer has the request's id.
 * 2. Only the leader takes puts. Others end the call or stream with UNAVAILABLE and, when they know it, the
 *    leader's address in the trailing metadata `leader`.
 * 3. So does a put that fails: the client asks again, here or where it is sent.
 */
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type MethodDefinition,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type StatusObject,
} from '@grpc/grpc-js';
import { decodePut, encodeAnswer } from './put-message.ts';

/** The trailing metadata that names the leader. */
export const LEADER_KEY = 'leader';
/** Puts of one stream that are not answered yet, beyond which it is not read. */
const UNANSWERED_MAX = 4_096;

export interface PutServerOptions {
  /** Resolves when the put counts. */
  readonly put: (key: Buffer, value: Buffer) => Promise<void>;
  /** Address of the leader's {@link PutServer}, which may be this one; undefined when nobody leads. */
  readonly leader: () => string | undefined;
}

const OPTIONS = { 'grpc.enable_channelz': 0, 'grpc-node.flow_control_window': 1024 * 1024 };

const same = (bytes: Buffer): Buffer => bytes;

function method(path: string, stream: boolean): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: stream,
    responseStream: stream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

/** The service; paths are what clients of it need. */
export const PUT_SERVICE = {
  put: method('/ringwatch.bench.KV/Put', false),
  putStream: method('/ringwatch.bench.KV/PutStream', true),
};

export class PutServer {
  readonly #server = new Server(OPTIONS);
  readonly #options: PutServerOptions;
  #address = '';

  private constructor(options: PutServerOptions) {
    this.#options = options;
  }

  /** Serves on a free port of the loopback interface. */
  static async listen(options: PutServerOptions): Promise<PutServer> {
    const server = new PutServer(options);
    server.#server.addService(PUT_SERVICE, {
      put: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) =>
        void server.#put(call, answer),
      putStream: (call: ServerDuplexStream<Buffer, Buffer>) => server.#stream(call),
    });
    const port = await new Promise<number>((resolve, reject) => {
      const bound = (error: Error | null, port: number): void =>
        error === null ? resolve(port) : reject(error);
      server.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), bound);
    });
    server.#address = `127.0.0.1:${port}`;
    return server;
  }

  /** Where it is reached: `host:port`. */
  get address(): string {
    return this.#address;
  }

  close(): void {
    this.#server.forceShutdown();
  }

  async #put(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): Promise<void> {
    if (!this.#isLeader) {
      answer(this.#refusal('does not lead'));
      return;
    }
    const { key, value, id } = decodePut(call.request);
    try {
      await this.#options.put(key, value);
      answer(null, encodeAnswer(id));
    } catch (error) {
      answer(this.#refusal(String(error)));
    }
  }

  #stream(call: ServerDuplexStream<Buffer, Buffer>): void {
    let unanswered = 0;
    const refuse = (reason: string): void => {
      if (!call.writableEnded) call.emit('error', this.#refusal(reason));
    };
    const answer = (id: number): void => {
      if (call.writableEnded) return;
      call.write(encodeAnswer(id));
      if (unanswered-- === UNANSWERED_MAX) call.resume();
    };
    call.on('data', (bytes: Buffer) => {
      if (!this.#isLeader) {
        refuse('does not lead');
        return;
      }
      if (++unanswered === UNANSWERED_MAX) call.pause();
      const { key, value, id } = decodePut(bytes);
      this.#options.put(key, value).then(
        () => answer(id),
        (error: unknown) => refuse(String(error)),
      );
    });
    call.on('end', () => call.end());
  }

  get #isLeader(): boolean {
    return this.#options.leader() === this.#address;
  }

  #refusal(details: string): Partial<StatusObject> {
    const metadata = new Metadata();
    const leader = this.#options.leader();
    if (leader !== undefined) metadata.set(LEADER_KEY, leader);
    return { code: status.UNAVAILABLE, details, metadata };
  }
}
