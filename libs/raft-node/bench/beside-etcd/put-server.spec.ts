import { afterEach, describe, expect, test } from 'vitest';
import { FrameReader, framed } from './grpc-frame.ts';
import { LeaderConnection } from './leader-connection.ts';
import { openStream, openUnary, type PutConnection } from './put-connection.ts';
import { PutMachine } from './put-machine.ts';
import { decodePut, encodeAnswer, encodePut } from './put-message.ts';
import { PutServer, type PutServerOptions } from './put-server.ts';

const WAYS = [
  { way: 'unary calls', open: openUnary },
  { way: 'a stream', open: openStream },
];

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

/** A server that leads unless it is told otherwise. */
async function serve(options: Partial<PutServerOptions>): Promise<PutServer> {
  const server: PutServer = await PutServer.listen({
    put: async () => {},
    leader: () => server.address,
    ...options,
  });
  opened.push(server);
  return server;
}

function closing<T extends PutConnection>(connection: T): T {
  opened.push(connection);
  return connection;
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe('puts over gRPC', () => {
  test.each(WAYS)('by $way key and value come to the server', async ({ open }) => {
    const puts: string[] = [];
    const server = await serve({
      put: async (key, value) => void puts.push(Buffer.concat([key, value]).toString()),
    });
    const connection = closing(open(server.address));
    await connection.put(bytes('a'), bytes('1'));
    await connection.put(bytes('b'), bytes(''));
    expect(puts).toEqual(['a1', 'b']);
  });

  test.each(WAYS)('by $way a put is answered when it counts, whatever was put before', async ({ open }) => {
    let count = (): void => undefined;
    const counts = new Promise<void>((resolve) => (count = resolve));
    const server = await serve({ put: (key) => (key.toString() === 'slow' ? counts : Promise.resolve()) });
    const connection = closing(open(server.address));
    const answered: string[] = [];
    const slow = connection.put(bytes('slow'), bytes('')).then(() => answered.push('slow'));
    await connection.put(bytes('fast'), bytes('')).then(() => answered.push('fast'));
    count();
    await slow;
    expect(answered).toEqual(['fast', 'slow']);
  });

  test.each(WAYS)('by $way a put goes where a follower says that the leader is', async ({ open }) => {
    const puts: string[] = [];
    const leader = await serve({ put: async (key) => void puts.push(key.toString()) });
    const refused = async (): Promise<void> => Promise.reject(new Error('only the leader may be asked'));
    const follower = await serve({ put: refused, leader: () => leader.address });
    const connection = closing(new LeaderConnection(open, [follower.address]));
    await Promise.all([connection.put(bytes('a'), bytes('')), connection.put(bytes('b'), bytes(''))]);
    expect(puts).toEqual(['a', 'b']);
  });

  test.each(WAYS)('by $way a put fails with what the server says', async ({ open }) => {
    const server = await serve({ put: async () => Promise.reject(new Error('the disk is full')) });
    const put = closing(open(server.address)).put(bytes('a'), bytes(''));
    await expect(put).rejects.toThrow('the disk is full');
  });
});

describe('the messages of a put', () => {
  test('are those of etcd', () => {
    expect(encodePut({ key: bytes('k'), value: bytes('v'), id: 0 }).toString('hex')).toBe('0a016b120176');
  });

  test('come back as they were written', () => {
    const put = { key: bytes('key'), value: Buffer.alloc(300, 7), id: 1_000_000 };
    expect(decodePut(encodePut(put))).toEqual(put);
    expect(decodePut(encodeAnswer(7)).id).toBe(7);
  });

  test('are found in a stream however it is cut', () => {
    const stream = Buffer.concat(['one', '', 'three'].map((text) => framed(bytes(text))));
    for (let cut = 1; cut <= stream.length; cut++) {
      const found: string[] = [];
      const reader = new FrameReader((message) => void found.push(message.toString()));
      for (let at = 0; at < stream.length; at += cut) reader.read(stream.subarray(at, at + cut));
      expect(found).toEqual(['one', '', 'three']);
    }
  });
});

test('the state machine takes over what another one has kept', () => {
  const [from, to] = [new PutMachine(), new PutMachine()];
  const entryOf = (key: string, value: string, index: number) => {
    const data = encodePut({ key: bytes(key), value: bytes(value), id: 0 });
    return { index, term: 1, type: 'EntryNormal' as const, data };
  };
  from.apply([entryOf('a', '1', 1), entryOf('b', '2', 2), entryOf('a', '3', 3)], () => undefined);
  from.snapshot((source) => to.restore(3, source, () => undefined));
  expect([to.get('a'), to.get('b')].map(String)).toEqual(['3', '2']);
});
