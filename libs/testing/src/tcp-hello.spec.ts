import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { newMessage } from '@ringwatch/raft';
import type { TcpTransportOptions } from '@ringwatch/raft-node';
import { afterEach, describe, expect, test } from 'vitest';
import {
  ANSWER,
  dial,
  frame,
  HEADER_BYTES,
  hello,
  KIND,
  kindsUntilEnd,
  received,
} from './peer-frames-by-hand.ts';
import { endlessSource, polls, sendSnapshot, snapshotAt, sourceOf, stuck } from './peer-samples.ts';
import { WIRE_LANES } from './peer-wire.ts';
import { sendAlone, TcpNetwork, type TcpNode } from './tcp-network.ts';

const CLUSTER = 'test';
/** Draws the longest delay between attempts. */
const LATEST = { next: () => 1 - 2 ** -40 };

const networks: TcpNetwork[] = [];
const sockets: Socket[] = [];
const servers: Server[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  for (const network of networks.splice(0)) await network.close();
});

describe('a peer that speaks by hand', () => {
  test('gets whole frames, also when it refuses a snapshot that is stuck half-way', async () => {
    const { one } = await alone();
    let lane: Socket | undefined;
    const address = await listen((socket) => {
      socket.once('data', (bytes) => {
        if (bytes[HEADER_BYTES] === WIRE_LANES.indexOf('snapshot')) lane = socket.pause();
        socket.write(frame(KIND.answer, [ANSWER.welcome]));
      });
    });
    one.transport.setPeers(new Map([[2, address]]));
    const source = endlessSource();
    const refused = sendSnapshot(one.transport, snapshotAt(5), source);
    await stuck(source);
    const next = sendSnapshot(one.transport, snapshotAt(5), sourceOf([Buffer.from('second')]));
    lane?.write(frame(KIND.outcome, [0]));
    expect(await refused).toBe(false);
    const kinds = await kindsUntilEnd(lane as Socket);
    lane?.write(frame(KIND.outcome, [1]));
    expect(await next).toBe(true);
    // Every chunk that was read, the one that was stuck included, came once.
    const chunks = source.read;
    expect(kinds).toEqual([
      KIND.snapshot,
      ...Array(chunks).fill(KIND.chunk),
      KIND.snapshot,
      KIND.chunk,
      KIND.end,
    ]);
  });
});

describe('a hello', () => {
  test.each([
    { title: 'another cluster', clusterId: 'other', from: 2, to: 1, answer: ANSWER.otherCluster },
    { title: 'a wrong address', clusterId: CLUSTER, from: 2, to: 3, answer: ANSWER.otherNode },
    { title: 'a stranger', clusterId: CLUSTER, from: 3, to: 1, answer: ANSWER.unknownPeer },
  ])('of $title is refused, and says why in the log', async ({ clusterId, from, to, answer }) => {
    const { one } = await alone();
    one.transport.setPeers(new Map([[2, '127.0.0.1:1']]));
    const socket = dialled(one);
    socket.write(hello(from, to, clusterId));
    expect(await received(socket)).toEqual(frame(KIND.answer, [answer]));
    expect(one.warnings).toContain('refused a connection');
  });

  test('of another version is refused with the one that is spoken here', async () => {
    const { one } = await alone();
    const socket = dialled(one);
    socket.write(frame(KIND.hello, [1, 2, 3], 2));
    expect(await received(socket)).toEqual(frame(KIND.answer, [ANSWER.otherVersion]));
    expect(one.warnings).toEqual(['closed a connection that cannot be understood']);
  });

  test('that is refused is logged by its sender once a lane, and tried again', async () => {
    const { clock, one } = await alone({ random: LATEST });
    let attempts = 0;
    const address = await listen((socket) => {
      socket.once('data', () => socket.end(frame(KIND.answer, [ANSWER.otherCluster])));
      attempts++;
    });
    one.transport.setPeers(new Map([[2, address]]));
    for (const delayMs of [20, 40, 80]) {
      await clock.advance(delayMs - 1);
      const tried = attempts;
      await clock.advance(1);
      await one.recorder.until(() => one.recorder.unreachable.length >= tried + 2);
    }
    expect(attempts).toBe(8);
    expect(one.warnings.filter((line) => line.includes('refuses')).length).toBe(2);
    expect(one.recorder.resetsOf(2)).toBe(0);
  });

  test('that does not come in time ends the connection', async () => {
    const { clock, one } = await alone();
    const socket = dialled(one);
    await once(socket, 'connect');
    await polls();
    await clock.advance(5_000);
    expect(await received(socket)).toEqual(Buffer.alloc(0));
  });

  test('that nobody answers in time ends the attempt', async () => {
    const { clock, one } = await alone();
    const address = await listen(() => undefined);
    one.transport.setPeers(new Map([[2, address]]));
    await polls();
    await clock.advance(5_000);
    expect(one.recorder.unreachable).toEqual([
      { peer: 2, reset: false },
      { peer: 2, reset: false },
    ]);
  });

  test('is short: a stranger that announces a large frame is not waited for', async () => {
    const { one } = await alone();
    const socket = dialled(one);
    const announced = frame(KIND.hello, []);
    announced.writeUInt32LE(513);
    socket.write(announced);
    expect(await received(socket)).toEqual(Buffer.alloc(0));
  });

  test('must come first: anything else ends the connection', async () => {
    const { one } = await alone();
    const socket = dialled(one);
    socket.write(frame(KIND.messages, []));
    expect(await received(socket)).toEqual(Buffer.alloc(0));
  });

  test('a damaged frame ends its connection, and only that', async () => {
    const network = new TcpNetwork();
    networks.push(network);
    const { one, two } = await network.connect();
    const socket = dialled(one);
    socket.write(Buffer.concat([hello(2, 1, CLUSTER, 1), frame(KIND.messages, [200, 200])]));
    expect(await received(socket)).toEqual(frame(KIND.answer, [ANSWER.welcome]));
    expect(one.warnings).toContain('closed a connection that cannot be understood');
    sendAlone(two, newMessage('MsgHeartbeat', 2, 1, 3), 1);
    await one.recorder.until(() => one.recorder.whole.length === 1);
    expect(one.recorder.messages.map(({ from }) => from)).toEqual([2]);
  });

  // An append of term 50 behind entry 1/1: code, flags, group, term, index, log term, commit, then entries.
  test.each([
    ['leave a gap', [2, 31, 1, 50, 1, 1, 1, 2, 0, 0, 8, 9, 0]],
    ['do not follow', [2, 31, 1, 50, 1, 1, 1, 1, 8, 9, 0]],
    ['are of a later term', [2, 31, 1, 50, 1, 1, 1, 1, 4, 51, 0]],
    ['are of an earlier term', [2, 31, 1, 50, 1, 9, 1, 1, 4, 8, 0]],
  ])('entries that %s end the connection and come to nobody', async (_what, body) => {
    const { one } = await alone();
    one.transport.setPeers(new Map([[2, '127.0.0.1:1']]));
    const socket = dialled(one);
    socket.write(Buffer.concat([hello(2, 1, CLUSTER, 1), frame(KIND.messages, body)]));
    expect(await received(socket)).toEqual(frame(KIND.answer, [ANSWER.welcome]));
    expect(one.recorder.messages).toEqual([]);
  });

  test('entries that follow are taken', async () => {
    const { one } = await alone();
    one.transport.setPeers(new Map([[2, '127.0.0.1:1']]));
    const body = [2, 31, 1, 50, 1, 1, 1, 2, 4, 49, 0, 4, 50, 0];
    dialled(one).write(Buffer.concat([hello(2, 1, CLUSTER, 1), frame(KIND.messages, body)]));
    await one.recorder.until(() => one.recorder.messages.length === 1);
    expect(one.recorder.whole[0]?.message.entries.map(({ term }) => term)).toEqual([49, 50]);
  });

  test('a second connection of a peer for a lane replaces the first', async () => {
    const { one } = await alone();
    one.transport.setPeers(new Map([[2, '127.0.0.1:1']]));
    await one.recorder.until(() => one.recorder.unreachable.length === 2);
    const resets = one.recorder.resetsOf(2);
    const [first, second] = [dialled(one), dialled(one)];
    first.write(hello(2, 1, CLUSTER));
    await once(first, 'data');
    second.write(hello(2, 1, CLUSTER));
    await once(second, 'data');
    await once(first, 'close');
    expect([first.destroyed, second.destroyed]).toEqual([true, false]);
    expect(one.recorder.resetsOf(2)).toBe(resets);
  });
});

async function alone(options: Partial<TcpTransportOptions> = {}) {
  const network = new TcpNetwork(options);
  networks.push(network);
  const nodes = await network.open([1]);
  return { clock: network.clock, one: nodes.get(1) as TcpNode };
}

/** A connection to the node's own port. */
function dialled({ transport }: TcpNode): Socket {
  const socket = dial(transport.address);
  sockets.push(socket);
  return socket;
}

/** A server that only does what it is told. @returns its address. */
async function listen(onSocket: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    sockets.push(socket);
    onSocket(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
