/**
 * One connection to a server of puts, over which many clients put at once: by a unary call for each put, as
 * etcd has it, or on one stream with ids.
 *
 * gRPC is spoken by hand over Node's HTTP/2, for a client must not be what is measured: a unary call of
 * grpc-js takes three times the CPU of one from here, more than a put takes etcd's three servers.
 */
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { ByteWriter } from '../../src/byte-writer.ts';
import { FrameReader, framed } from './grpc-frame.ts';
import { decodePut, encodePut } from './put-message.ts';
import { LEADER_KEY, PUT_SERVICE } from './put-server.ts';

/** Puts over gRPC; rejects with a {@link PutError}, or with an error of the connection. */
export interface PutConnection {
  put(key: Buffer, value: Buffer): Promise<void>;
  /** What is under way is rejected. */
  close(): void;
}

/** Opens a connection to `host:port`. */
export type OpenPuts = (address: string) => PutConnection;

/** The server has ended a call or stream with another status than OK. */
export class PutError extends Error {
  override readonly name = 'PutError';

  /** Where the leader is, if the server has said so: `host:port`. */
  readonly leader: string | undefined;

  constructor(message: string, leader?: string) {
    super(message);
    this.leader = leader;
  }
}

const ETCD_PATH = '/etcdserverpb.KV/Put';
const OK = '0';

/** etcd's own method. */
export const openEtcd: OpenPuts = (address) => new UnaryPuts(address, ETCD_PATH);
export const openUnary: OpenPuts = (address) => new UnaryPuts(address, PUT_SERVICE.put.path);
export const openStream: OpenPuts = (address) => new StreamPuts(address);

class UnaryPuts implements PutConnection {
  readonly #session: ClientHttp2Session;
  readonly #path: string;

  constructor(address: string, path: string) {
    this.#session = sessionTo(address);
    this.#path = path;
  }

  put(key: Buffer, value: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = callOf(this.#session, this.#path, (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
      call.resume();
      call.end(framed(encodePut({ key, value, id: 0 })));
    });
  }

  close(): void {
    this.#session.destroy();
  }
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class StreamPuts implements PutConnection {
  readonly #session: ClientHttp2Session;
  readonly #call: ClientHttp2Stream;
  /** Puts of this turn, which leave together. */
  readonly #writer = new ByteWriter();
  /** By id. */
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #failure: Error | undefined;

  constructor(address: string) {
    this.#session = sessionTo(address);
    this.#call = callOf(this.#session, PUT_SERVICE.putStream.path, (error) =>
      this.#fail(error ?? new PutError('the server has ended the stream')),
    );
    const answers = new FrameReader((message) => this.#answered(decodePut(message).id));
    this.#call.on('data', (chunk: Buffer) => answers.read(chunk));
  }

  put(key: Buffer, value: Buffer): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      if (this.#writer.length === 0) queueMicrotask(() => this.#flush());
      this.#writer.data(framed(encodePut({ key, value, id })));
    });
  }

  close(): void {
    this.#session.destroy();
  }

  #flush(): void {
    this.#call.write(Buffer.from(this.#writer.bytes));
    this.#writer.reset();
  }

  #answered(id: number): void {
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

function sessionTo(address: string): ClientHttp2Session {
  const session = connect(`http://${address}`, { settings: { enablePush: false } });
  // Every call is told by itself.
  session.on('error', () => undefined);
  return session;
}

/** Begins a call; `ended` is called once. */
function callOf(
  session: ClientHttp2Session,
  path: string,
  ended: (error: Error | undefined) => void,
): ClientHttp2Stream {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const call = session.request(headers);
  // Where there is no message, what belongs to the end comes with the beginning.
  let last: IncomingHttpHeaders = {};
  call.on('response', (headers) => (last = headers));
  call.on('trailers', (headers) => (last = headers));
  let over = false;
  const end = (errorIs: () => Error | undefined): void => {
    if (!over) ended(errorIs());
    over = true;
  };
  call.on('end', () => end(() => errorOf(last)));
  call.on('error', (error) => end(() => error));
  call.on('close', () => end(() => new PutError('the connection was closed')));
  return call;
}

function errorOf(headers: IncomingHttpHeaders): PutError | undefined {
  const { 'grpc-status': status, 'grpc-message': message, [LEADER_KEY]: leader } = headers;
  if (status === OK) return undefined;
  const text = decodeURIComponent(String(message));
  return new PutError(`status ${String(status)}: ${text}`, leader?.toString());
}
