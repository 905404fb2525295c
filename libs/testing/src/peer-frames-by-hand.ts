/** Frames as docs/formats/peer-frames.md draws them, made without the code that they are to test. */
import { connect, type Socket } from 'node:net';

export const HEADER_BYTES = 6;
export const KIND = { hello: 1, answer: 2, messages: 3, snapshot: 4, chunk: 5, end: 6, outcome: 8 };
export const ANSWER = { welcome: 0, otherVersion: 1, otherCluster: 2, otherNode: 3, unknownPeer: 4 };

export function frame(kind: number, body: readonly number[], version = 1): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(body.length);
  header[4] = version;
  header[5] = kind;
  return Buffer.concat([header, Buffer.from(body)]);
}

/** For ids below 128 and a short cluster id. */
export function hello(from: number, to: number, clusterId: string, lane = 0): Buffer {
  return frame(KIND.hello, [lane, from, to, clusterId.length, ...Buffer.from(clusterId)]);
}

export function dial(address: string): Socket {
  const [host, port] = address.split(':');
  const socket = connect({ host: host as string, port: Number(port) });
  socket.on('error', () => undefined);
  return socket;
}

/** All that comes until the other end closes. */
export async function received(socket: Socket): Promise<Buffer> {
  return Buffer.concat(await socket.toArray());
}

/** Kinds of the frames that come up to the end of a snapshot. */
export async function kindsUntilEnd(socket: Socket): Promise<number[]> {
  const kinds: number[] = [];
  let rest = Buffer.alloc(0);
  for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
    rest = Buffer.concat([rest, bytes as Buffer]);
    while (rest.length >= HEADER_BYTES && rest.length >= HEADER_BYTES + rest.readUInt32LE(0)) {
      kinds.push(rest[5] as number);
      rest = rest.subarray(HEADER_BYTES + rest.readUInt32LE(0));
    }
    if (kinds.at(-1) === KIND.end) break;
  }
  return kinds;
}
