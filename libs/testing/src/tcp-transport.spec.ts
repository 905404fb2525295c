import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { newMessage, type Message } from '@ringwatch/raft';
import type { SnapshotSource, TcpTransportOptions } from '@ringwatch/raft-node';
import { afterEach, describe, expect, test } from 'vitest';
import { WIRE_LANES } from './peer-wire.ts';
import { TcpNetwork, type TcpNode } from './tcp-network.ts';

const CLUSTER = 'test';
const MIB = 1024 * 1024;
/** As drawn in docs/formats/peer-frames.md: kinds of frames and answers. */
const KIND = { hello: 1, answer: 2, messages: 3 };
const ANSWER = { welcome: 0, otherVersion: 1, otherCluster: 2, otherNode: 3, unknownPeer: 4 };
/** Attempts after failures, when jitter always draws the longest delay. */
const LATEST = { next: () => 1 - 2 ** -40 };

const networks: TcpNetwork[] = [];
const sockets: Socket[] = [];
const servers: Server[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  for (const network of networks.splice(0)) await network.close();
});

describe('TCP transport: lanes', () => {
  test('a heartbeat arrives while appends are stuck', async () => {
    const { network, one, two } = await connected({ appendBytesMax: MIB });
    network.wire(1, 2).hold('append');
    await fill(one);
    send(one, newMessage('MsgHeartbeat', 1, 2, 77));
    await two.recorder.until(() => two.recorder.whole.at(-1)?.message.term === 77);
    expect(two.recorder.whole.at(-1)?.message.type).toBe('MsgHeartbeat');
  });

  test('an append arrives while a snapshot is stuck', async () => {
    const { network, one, two } = await connected();
    const snapshot = endless();
    one.transport.sendSnapshot(2, { group: 1, message: snap() }, snapshot, () => undefined);
    await two.recorder.until(() => two.recorder.snapshots.length === 1);
    network.wire(1, 2).hold('snapshot');
    send(one, append(99));
    await two.recorder.until(() => two.recorder.messages.at(-1)?.index === 99);
    expect(two.recorder.messages.at(-1)?.index).toBe(99);
  });

  test('heartbeats of a thousand groups leave in a dozen bytes each', async () => {
    const { one, two } = await connected();
    const before = one.transport.counters.sentBytes;
    for (let group = 0; group < 1_000; group++) {
      const heartbeat = newMessage('MsgHeartbeat', 1, 2, 12);
      one.transport.send(2, group, { ...heartbeat, commit: 5_000_000_000 });
    }
    one.transport.flush();
    await two.recorder.until(() => two.recorder.messages.length === 1_000 + 2);
    expect(one.transport.counters.sentBytes - before).toBeLessThan(12_100);
    expect(two.transport.counters.receivedBytes).toBeGreaterThan(1_000);
  });

  test('a message that no frame can hold is dropped, said aloud, and stops nothing', async () => {
    const { one, two } = await connected();
    send(one, append(2, Buffer.alloc(64 * MIB)));
    await one.recorder.until(() => one.recorder.unreachable.length === 1);
    expect(one.recorder.unreachable).toEqual([{ peer: 2, reset: false }]);
    expect(messages(one, 'error')).toEqual(['a message is too long to send']);
    send(one, append(3));
    await two.recorder.until(() => two.recorder.messages.at(-1)?.index === 3);
    expect(two.recorder.messages.map(({ index }) => index)).not.toContain(2);
  });
});

describe('TCP transport: loss', () => {
  test('a killed process is reported as a reset, once for all its connections', async () => {
    const { network, one } = await connected();
    network.wire(1, 2).reset(...WIRE_LANES);
    network.wire(2, 1).reset(...WIRE_LANES);
    await one.recorder.until(() => one.recorder.resetsOf(2) === 1);
    await polls();
    expect(one.recorder.resetsOf(2)).toBe(1);
  });

  test('the loss of the append connection alone is not a reset', async () => {
    const { network, one } = await connected();
    network.wire(1, 2).reset('append');
    await one.recorder.until(() => one.recorder.unreachable.length === 1);
    expect(one.recorder.unreachable).toEqual([{ peer: 2, reset: false }]);
  });

  test('a peer that only stops reading is not reported while there is room', async () => {
    const { network, one } = await connected();
    network.wire(1, 2).hold(...WIRE_LANES);
    for (let i = 0; i < 100; i++) send(one, append(i));
    await polls();
    expect(one.recorder.unreachable).toEqual([]);
  });

  test('a connection that was lost is dialled again after its backoff', async () => {
    const { network, one, two } = await connected();
    network.wire(1, 2).reset('append');
    await one.recorder.until(() => one.recorder.unreachable.length === 1);
    await network.clock.advance(20);
    send(one, append(7));
    await two.recorder.until(() => two.recorder.messages.at(-1)?.index === 7);
    expect(two.recorder.messages.at(-1)?.index).toBe(7);
  });

  test('where nobody listens is reported once an attempt, and attempts grow apart to a second', async () => {
    const { clock, one } = await alone({ random: LATEST });
    const atMs: number[] = [];
    one.transport.setPeers(new Map([[2, `127.0.0.1:${await freePort()}`]]));
    for (let attempt = 1; attempt <= 9; attempt++) {
      await one.recorder.until(() => one.recorder.resetsOf(2) === attempt);
      atMs.push(clock.monotonicMs());
      // Just short of the next attempt, then over it.
      const delayMs = Math.min(1_000, 20 * 2 ** (attempt - 1));
      await clock.advance(delayMs - 1);
      expect(one.recorder.resetsOf(2)).toBe(attempt);
      await clock.advance(1);
    }
    expect(atMs.at(-1)).toBe(20 + 40 + 80 + 160 + 320 + 640 + 1_000 + 1_000);
    expect(messages(one, 'warn')).toEqual(['cannot reach a peer', 'cannot reach a peer']);
  });

  test('peers that are not named any more lose their connections and are not reported', async () => {
    const { network, one } = await connected();
    one.transport.setPeers(new Map());
    while (network.wire(1, 2).lanes.length + network.wire(2, 1).lanes.length > 0) await polls();
    expect(one.recorder.unreachable).toEqual([]);
  });
});

describe('TCP transport: snapshots', () => {
  test('travel in chunks of at most 256 KiB', async () => {
    const { one, two } = await connected();
    const taken = await snapshot(one, sourceOf(Buffer.alloc(1_000_000, 3), Buffer.alloc(10)));
    const sizes = two.recorder.snapshots[0]?.chunks.map(({ length }) => length);
    expect([taken, sizes]).toEqual([true, [262_144, 262_144, 262_144, 213_568, 10]]);
  });

  test('are read no faster than the peer takes them', async () => {
    const { network, one, two } = await connected();
    const source = endless();
    void snapshot(one, source);
    await two.recorder.until(() => two.recorder.snapshots.length === 1);
    network.wire(1, 2).hold('snapshot');
    let read = -1;
    while (read !== source.read) {
      read = source.read;
      for (let i = 0; i < 50; i++) await polls();
    }
    // The buffers of four sockets hold them.
    expect(read).toBeLessThan(200);
  });

  test('are given up when the peer takes nothing for half a minute', async () => {
    const { network, one, two } = await connected();
    const taken = snapshot(one, endless());
    await two.recorder.until(() => two.recorder.snapshots.length === 1);
    network.wire(1, 2).hold('snapshot');
    await polls();
    await network.clock.advance(31_000);
    expect(await taken).toBe(false);
    await two.recorder.until(() => two.recorder.snapshots[0]?.end === 'aborted');
  });
});

describe('TCP transport: hello', () => {
  test.each([
    { title: 'another cluster', clusterId: 'other', from: 2, to: 1, answer: ANSWER.otherCluster },
    { title: 'a wrong address', clusterId: CLUSTER, from: 2, to: 3, answer: ANSWER.otherNode },
    { title: 'a stranger', clusterId: CLUSTER, from: 3, to: 1, answer: ANSWER.unknownPeer },
  ])('of $title is refused, and says why in the log', async ({ clusterId, from, to, answer }) => {
    const { one } = await alone();
    one.transport.setPeers(new Map([[2, '127.0.0.1:1']]));
    const socket = dial(one);
    socket.write(hello(from, to, clusterId));
    expect(await received(socket)).toEqual(frame(KIND.answer, [answer]));
    expect(messages(one, 'warn')).toContain('refused a connection');
  });

  test('of another version is refused with the one that is spoken here', async () => {
    const { one } = await alone();
    const socket = dial(one);
    socket.write(frame(KIND.hello, [1, 2, 3], 2));
    expect(await received(socket)).toEqual(frame(KIND.answer, [ANSWER.otherVersion]));
    expect(messages(one, 'warn')).toEqual(['closed a connection that cannot be understood']);
  });

  test('that is refused is logged by its sender once a lane, and tried again', async () => {
    const { clock, one } = await alone({ random: LATEST });
    let attempts = 0;
    const port = await listen((socket) => {
      socket.once('data', () => socket.end(frame(KIND.answer, [ANSWER.otherCluster])));
      attempts++;
    });
    one.transport.setPeers(new Map([[2, `127.0.0.1:${port}`]]));
    for (const delayMs of [20, 40, 80]) {
      await clock.advance(delayMs - 1);
      const tried = attempts;
      await clock.advance(1);
      await one.recorder.until(() => one.recorder.unreachable.length >= tried + 2);
    }
    expect(attempts).toBe(8);
    expect(messages(one, 'warn').filter((line) => line.includes('refuses')).length).toBe(2);
    expect(one.recorder.resetsOf(2)).toBe(0);
  });

  test('that does not come in time ends the connection', async () => {
    const { clock, one } = await alone();
    const socket = dial(one);
    await once(socket, 'connect');
    await polls();
    await clock.advance(5_000);
    expect(await received(socket)).toEqual(Buffer.alloc(0));
  });

  test('that nobody answers in time ends the attempt', async () => {
    const { clock, one } = await alone();
    const port = await listen(() => undefined);
    one.transport.setPeers(new Map([[2, `127.0.0.1:${port}`]]));
    await polls();
    await clock.advance(5_000);
    expect(one.recorder.unreachable).toEqual([
      { peer: 2, reset: false },
      { peer: 2, reset: false },
    ]);
  });

  test('must come first: anything else ends the connection', async () => {
    const { one } = await alone();
    const socket = dial(one);
    socket.write(frame(KIND.messages, []));
    expect(await received(socket)).toEqual(Buffer.alloc(0));
  });

  test('a damaged frame ends its connection, and only that', async () => {
    const { one, two } = await connected();
    const socket = dial(one);
    socket.write(Buffer.concat([hello(2, 1, CLUSTER, 1), frame(KIND.messages, [200, 200])]));
    expect(await received(socket)).toEqual(frame(KIND.answer, [ANSWER.welcome]));
    expect(messages(one, 'warn')).toContain('closed a connection that cannot be understood');
    send(two, newMessage('MsgHeartbeat', 2, 1, 3), 1);
    await one.recorder.until(() => one.recorder.whole.length === 1);
    expect(one.recorder.messages.map(({ from }) => from)).toEqual([2]);
  });

  test('a second connection of a peer for a lane replaces the first', async () => {
    const { one } = await alone();
    one.transport.setPeers(new Map([[2, '127.0.0.1:1']]));
    await one.recorder.until(() => one.recorder.unreachable.length === 2);
    const resets = one.recorder.resetsOf(2);
    const [first, second] = [dial(one), dial(one)];
    first.write(hello(2, 1, CLUSTER));
    await once(first, 'data');
    second.write(hello(2, 1, CLUSTER));
    await once(second, 'data');
    await once(first, 'close');
    expect([first.destroyed, second.destroyed]).toEqual([true, false]);
    expect(one.recorder.resetsOf(2)).toBe(resets);
  });
});

describe('TCP transport: addresses', () => {
  test('listens on loopback unless told otherwise', async () => {
    const { one } = await alone();
    expect(one.transport.address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test('an address in use is a fault', async () => {
    const { one } = await alone();
    const port = Number(one.transport.address.split(':')[1]);
    await expect(alone({ port })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test.each(['', 'host', 'host:0', 'host:65536', 'a:b:1', '::1:80', 'a b:1'])(
    '%j is refused',
    async (address) => {
      const { one } = await alone();
      expect(() => one.transport.setPeers(new Map([[2, address]]))).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }),
      );
    },
  );

  test('closing leaves no socket behind', async () => {
    const open = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length;
    const { network, one, two } = await connected();
    void snapshot(one, endless());
    await two.recorder.until(() => two.recorder.snapshots.length === 1);
    expect(open()).toBeGreaterThan(0);
    await network.close();
    await polls();
    expect([open(), network.clock.pending]).toEqual([0, 0]);
  });
});

/** Two nodes with all their message connections up, proved by an append and a heartbeat each way. */
async function connected(options: Partial<TcpTransportOptions> = {}) {
  const network = new TcpNetwork(options);
  networks.push(network);
  const nodes = await network.open([1, 2]);
  const [one, two] = [nodes.get(1) as TcpNode, nodes.get(2) as TcpNode];
  send(one, append(1));
  send(one, newMessage('MsgHeartbeat', 1, 2, 1));
  await two.recorder.until(() => two.recorder.messages.length === 2);
  // The other way connects by itself, so only its welcome has to be waited for.
  while (network.wire(2, 1).lanes.length < 2) await polls();
  await polls();
  return { network, one, two };
}

async function alone(options: Partial<TcpTransportOptions> = {}) {
  const network = new TcpNetwork(options);
  networks.push(network);
  const nodes = await network.open([1]);
  return { clock: network.clock, one: nodes.get(1) as TcpNode };
}

function send({ transport }: TcpNode, message: Message, to = 2): void {
  transport.send(to, 1, message);
  transport.flush();
}

/** Appends until one is dropped. */
async function fill(node: TcpNode): Promise<void> {
  const data = Buffer.alloc(64 * 1024);
  while (node.recorder.unreachable.length === 0) {
    send(node, append(2, data));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function append(index: number, data: Uint8Array = Buffer.alloc(10)): Message {
  const message = newMessage('MsgApp', 1, 2, 1);
  return { ...message, index, entries: [{ term: 1, index: index + 1, type: 'EntryNormal', data }] };
}

function snap(): Message {
  const confState = { voters: [1, 2], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
  const snapshot = { index: 5, term: 1, confState, data: Buffer.alloc(0) };
  return { ...newMessage('MsgSnap', 1, 2, 1), snapshot };
}

function snapshot({ transport }: TcpNode, source: SnapshotSource): Promise<boolean> {
  return new Promise((resolve) => transport.sendSnapshot(2, { group: 1, message: snap() }, source, resolve));
}

function sourceOf(...chunks: Buffer[]): SnapshotSource {
  return { next: () => chunks.shift(), close: () => undefined };
}

function endless(): SnapshotSource & { read: number } {
  const chunk = Buffer.alloc(256 * 1024);
  const source = {
    read: 0,
    next: () => {
      source.read++;
      return chunk;
    },
    close: () => undefined,
  };
  return source;
}

/** A connection to the node's own port. */
function dial({ transport }: TcpNode): Socket {
  const [host, port] = transport.address.split(':');
  const socket = connect({ host: host as string, port: Number(port) });
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** All that comes until the other end closes. */
async function received(socket: Socket): Promise<Buffer> {
  return Buffer.concat(await socket.toArray());
}

/** A server that only does what it is told. @returns its port. */
async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.push(socket);
    onSocket(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Written by hand, from the drawing alone. */
function frame(kind: number, body: readonly number[], version = 1): Buffer {
  const header = Buffer.alloc(6);
  header.writeUInt32LE(body.length);
  header[4] = version;
  header[5] = kind;
  return Buffer.concat([header, Buffer.from(body)]);
}

function hello(from: number, to: number, clusterId: string, lane = 0): Buffer {
  return frame(KIND.hello, [lane, from, to, clusterId.length, ...Buffer.from(clusterId)]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A few polls of the network: what needs no timer has come. */
async function polls(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

function messages({ logger }: TcpNode, level: 'warn' | 'error'): string[] {
  return logger.lines.filter((line) => line.level === level).map(({ message }) => message);
}
