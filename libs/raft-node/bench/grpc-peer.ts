/**
 * Peers over gRPC, for the comparison in bench/peer-transport.ts: a stream for control and one for appends to
 * each peer, with the same codec, the same messages per flush and the options that were fastest. What does
 * not bear on speed is left out: hello, bounds, reconnecting.
 */
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ClientWritableStream,
  type MethodDefinition,
  type ServerReadableStream,
} from '@grpc/grpc-js';
import type { Message, NodeId } from '@ringwatch/raft';
import type { GroupId, PeerHandler, PeerTransport } from '@ringwatch/raft-node';
import { ByteWriter } from '../src/byte-writer.ts';
import { decodeMessages, encodeMessage } from '../src/peers/message-codec.ts';

/** What the benchmark uses of a transport. */
export type MessagePeer = Pick<PeerTransport, 'start' | 'setPeers' | 'send' | 'flush' | 'close'> & {
  readonly address: string;
};

const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
const OPTIONS = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  // Retries keep a copy of what was sent.
  'grpc.enable_retries': 0,
  'grpc-node.flow_control_window': 16 * 1024 * 1024,
};

const same = (bytes: Buffer): Buffer => bytes;

function method(path: string): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: true,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

const SERVICE = { control: method('/ringwatch.Peers/Control'), append: method('/ringwatch.Peers/Append') };

interface Stream {
  readonly call: ClientWritableStream<Buffer>;
  readonly writer: ByteWriter;
}

export class GrpcPeer implements MessagePeer {
  readonly #id: NodeId;
  readonly #server = new Server(OPTIONS);
  readonly #clients: Client[] = [];
  readonly #peers = new Map<NodeId, { readonly control: Stream; readonly append: Stream }>();
  #handler: PeerHandler | undefined;
  #port = 0;

  static async listen(id: NodeId): Promise<GrpcPeer> {
    const peer = new GrpcPeer(id);
    const receive = (call: ServerReadableStream<Buffer, Buffer>): void => peer.#receive(call);
    peer.#server.addService(SERVICE, { control: receive, append: receive });
    peer.#port = await new Promise<number>((resolve, reject) => {
      const bound = (error: Error | null, port: number): void =>
        error === null ? resolve(port) : reject(error);
      peer.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), bound);
    });
    return peer;
  }

  private constructor(id: NodeId) {
    this.#id = id;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  start(handler: PeerHandler): void {
    this.#handler = handler;
  }

  setPeers(addresses: ReadonlyMap<NodeId, string>): void {
    for (const [id, address] of addresses) {
      if (id === this.#id) continue;
      const client = new Client(address, credentials.createInsecure(), OPTIONS);
      this.#clients.push(client);
      this.#peers.set(id, { control: open(client, 'control'), append: open(client, 'append') });
    }
  }

  send(to: NodeId, group: GroupId, message: Message): void {
    const isAppend = message.type === 'MsgApp' || message.type === 'MsgAppResp';
    const stream = this.#peers.get(to)?.[isAppend ? 'append' : 'control'];
    if (stream !== undefined) encodeMessage(stream.writer, this.#id, to, group, message);
  }

  flush(): void {
    for (const { control, append } of this.#peers.values()) {
      for (const { call, writer } of [control, append]) {
        if (writer.length === 0) continue;
        // The stream reads it later, so it gets a copy of its own.
        call.write(Buffer.from(writer.bytes));
        writer.reset();
      }
    }
  }

  async close(): Promise<void> {
    for (const { control, append } of this.#peers.values())
      for (const { call } of [control, append]) call.cancel();
    for (const client of this.#clients) client.close();
    this.#server.forceShutdown();
  }

  #receive(call: ServerReadableStream<Buffer, Buffer>): void {
    // With one peer in the benchmark the other end is known.
    const [from] = this.#peers.keys();
    call.on('data', (bytes: Buffer) => {
      this.#handler?.onMessages(from as NodeId, decodeMessages(bytes, from as NodeId, this.#id));
    });
    call.on('error', () => undefined);
  }
}

function open(client: Client, lane: keyof typeof SERVICE): Stream {
  const call = client.makeClientStreamRequest(SERVICE[lane].path, same, same, () => undefined);
  call.on('error', () => undefined);
  return { call, writer: new ByteWriter() };
}
