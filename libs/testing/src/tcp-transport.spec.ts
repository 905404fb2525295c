import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { newMessage } from '@ringwatch/raft';
import type { TcpTransportOptions } from '@ringwatch/raft-node';
import { afterEach, describe, expect, test } from 'vitest';
import {
  appendAt,
  endlessSource,
  poll,
  polls,
  sendSnapshot,
  snapshotAt,
  sourceOf,
  stuck,
} from './peer-samples.ts';
import { WIRE_LANES } from './peer-wire.ts';
import { sendAlone, TcpNetwork, type TcpNode } from './tcp-network.ts';

const MIB = 1024 * 1024;
/** Draws the longest delay between attempts. */
const LATEST = { next: () => 1 - 2 ** -40 };

const networks: TcpNetwork[] = [];

afterEach(async () => {
  for (const network of networks.splice(0)) await network.close();
});

describe('TCP transport: lanes', () => {
  test('a heartbeat arrives while appends are stuck', async () => {
    const { network, one, two } = await connected({ appendBytesMax: MIB });
    network.wire(1, 2).hold('append');
    await fill(one);
    sendAlone(one, newMessage('MsgHeartbeat', 1, 2, 77));
    await two.recorder.until(() => two.recorder.whole.at(-1)?.message.term === 77);
    expect(two.recorder.whole.at(-1)?.message.type).toBe('MsgHeartbeat');
  });

  test('an append arrives while a snapshot is stuck', async () => {
    const { network, one, two } = await connected();
    void sendSnapshot(one.transport, snapshotAt(5), endlessSource());
    await two.recorder.until(() => two.recorder.snapshots.length === 1);
    network.wire(1, 2).hold('snapshot');
    sendAlone(one, appendAt(99));
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

  test('a flush of many megabytes arrives whole and in order', async () => {
    const { one, two } = await connected();
    const data = Buffer.alloc(1_000);
    for (let i = 1; i <= 10_000; i++) one.transport.send(2, 1, appendAt(i, data));
    one.transport.flush();
    await two.recorder.until(() => two.recorder.messages.length === 10_000 + 2);
    const indices = two.recorder.messages.slice(2).map(({ index }) => index);
    expect(indices).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
  });

  test('a message that no frame can hold is dropped, said aloud, and stops nothing', async () => {
    const { one, two } = await connected();
    sendAlone(one, appendAt(2, Buffer.alloc(64 * MIB)));
    await one.recorder.until(() => one.recorder.unreachable.length === 1);
    expect(one.recorder.unreachable).toEqual([{ peer: 2, reset: false }]);
    expect(one.errors).toEqual(['a message is too long to send']);
    sendAlone(one, appendAt(3));
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
    for (let i = 0; i < 100; i++) sendAlone(one, appendAt(i));
    await polls();
    expect(one.recorder.unreachable).toEqual([]);
  });

  test('a connection that was lost is dialled again after its backoff', async () => {
    const { network, one, two } = await connected();
    network.wire(1, 2).reset('append');
    await one.recorder.until(() => one.recorder.unreachable.length === 1);
    await network.clock.advance(20);
    sendAlone(one, appendAt(7));
    await two.recorder.until(() => two.recorder.messages.at(-1)?.index === 7);
    expect(two.recorder.messages.at(-1)?.index).toBe(7);
  });

  test('what was stuck when a connection was lost does not come by the next one', async () => {
    const { network, one, two } = await connected({ appendBytesMax: MIB });
    network.wire(1, 2).hold('append');
    await fill(one);
    const reports = one.recorder.unreachable.length;
    network.wire(1, 2).reset('append');
    network.wire(1, 2).release();
    await one.recorder.until(() => one.recorder.unreachable.length > reports);
    await polls();
    const before = two.recorder.messages.length;
    await network.clock.advance(20);
    sendAlone(one, appendAt(7));
    await two.recorder.until(() => two.recorder.messages.at(-1)?.index === 7);
    expect(two.recorder.messages.slice(before).map(({ index }) => index)).toEqual([7]);
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
    expect(one.warnings).toEqual(['cannot reach a peer', 'cannot reach a peer']);
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
    const taken = await sendSnapshot(
      one.transport,
      snapshotAt(5),
      sourceOf([Buffer.alloc(1_000_000, 3), Buffer.alloc(10)]),
    );
    const sizes = two.recorder.snapshots[0]?.chunks.map(({ length }) => length);
    expect([taken, sizes]).toEqual([true, [262_144, 262_144, 262_144, 213_568, 10]]);
  });

  test('are read no faster than the peer takes them', async () => {
    const { network, one, two } = await connected();
    const source = endlessSource();
    void sendSnapshot(one.transport, snapshotAt(5), source);
    await two.recorder.until(() => two.recorder.snapshots.length === 1);
    network.wire(1, 2).hold('snapshot');
    // The buffers of four sockets hold them.
    expect(await stuck(source)).toBeLessThan(200);
  });

  test('are given up when the peer takes nothing for half a minute', async () => {
    const { network, one, two } = await connected();
    const taken = sendSnapshot(one.transport, snapshotAt(5), endlessSource());
    await two.recorder.until(() => two.recorder.snapshots.length === 1);
    network.wire(1, 2).hold('snapshot');
    await polls();
    await network.clock.advance(31_000);
    expect(await taken).toBe(false);
    await two.recorder.until(() => two.recorder.snapshots[0]?.end === 'aborted');
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
    void sendSnapshot(one.transport, snapshotAt(5), endlessSource());
    await two.recorder.until(() => two.recorder.snapshots.length === 1);
    expect(open()).toBeGreaterThan(0);
    await network.close();
    await polls();
    expect([open(), network.clock.pending]).toEqual([0, 0]);
  });
});

async function connected(options: Partial<TcpTransportOptions> = {}) {
  const network = new TcpNetwork(options);
  networks.push(network);
  return { network, ...(await network.connect()) };
}

async function alone(options: Partial<TcpTransportOptions> = {}) {
  const network = new TcpNetwork(options);
  networks.push(network);
  const nodes = await network.open([1]);
  return { clock: network.clock, one: nodes.get(1) as TcpNode };
}

/** Appends until one is dropped. */
async function fill(node: TcpNode): Promise<void> {
  const data = Buffer.alloc(64 * 1024);
  while (node.recorder.unreachable.length === 0) {
    sendAlone(node, appendAt(2, data));
    await poll();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
