import { Fault } from '@ringwatch/kernel';
import { newMessage, type Message, type NodeId } from '@ringwatch/raft';
import type { GroupMessage, PeerTransport } from '@ringwatch/raft-node';
import { afterEach, describe, expect, test } from 'vitest';
import type { PeerRecorder } from './peer-recorder.ts';
import { appendAt, endlessSource, poll, polls, sendSnapshot, snapshotAt, sourceOf } from './peer-samples.ts';

/** A node's transport, and what it has reported. */
export interface PeerNode {
  readonly transport: PeerTransport;
  readonly recorder: PeerRecorder;
}

/** What the suite needs of a kind of transport. */
export interface PeerNetwork {
  /** Nodes that know each other. */
  open(ids: readonly NodeId[]): Promise<ReadonlyMap<NodeId, PeerNode>>;
  /** One of them that was closed begins anew. */
  reopen(id: NodeId): Promise<PeerNode>;
  /** From now on what nodes flush does not arrive, but waits. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

const GROUP = 9;
const DATA = Buffer.alloc(4_096, 7);
/** Appends of 4 KiB that no twin lets wait: 256 MiB. */
const FAR_TOO_MANY = 65_536;
const LAST_INDEX = 2 ** 31;

/** What every {@link PeerTransport} keeps. */
export function describePeerTransport(name: string, newNetwork: () => PeerNetwork): void {
  const networks: PeerNetwork[] = [];
  const open = async (ids: readonly NodeId[] = [1, 2]) => {
    const network = newNetwork();
    networks.push(network);
    const nodes = await network.open(ids);
    const node = (id: NodeId) => nodes.get(id) as PeerNode;
    return { network, node, one: node(1), two: node(2) };
  };

  describe(`peer transport: ${name}`, () => {
    afterEach(async () => {
      for (const network of networks.splice(0)) await network.close();
    });

    test('delivers every field of a message as it was, to the group that it is for', async () => {
      const { one, two } = await open();
      const message = fullAppend();
      one.transport.send(2, GROUP, message);
      one.transport.flush();
      await two.recorder.until(() => two.recorder.whole.length > 0);
      const [delivered] = two.recorder.whole as [GroupMessage];
      expect(delivered.group).toBe(GROUP);
      // One twin delivers the bytes as they were handed in, the other as a view of what it received.
      const entries = delivered.message.entries.map((entry) => ({ ...entry, data: Buffer.from(entry.data) }));
      expect({ ...delivered.message, entries }).toEqual(message);
    });

    test('keeps messages of a kind in order and once each, over many flushes and groups', async () => {
      const { one, two } = await open();
      const count = 2_000;
      for (let i = 1; i <= count; i++) {
        one.transport.send(2, i % 7, appendAt(i));
        if (i % 10 === 0) one.transport.flush();
        // By and by the connection is idle again, and busy.
        if (i % 200 === 0) await two.recorder.until(() => two.recorder.messages.length >= i);
      }
      expect(two.recorder.messages.map(({ index }) => index)).toEqual(
        Array.from({ length: count }, (_, i) => i + 1),
      );
    });

    test('says whom a message is from, each of several', async () => {
      const { node } = await open([1, 2, 3]);
      for (const id of [1, 2]) {
        node(id).transport.send(3, GROUP, newMessage('MsgHeartbeat', id, 3, 1));
        node(id).transport.flush();
      }
      const { recorder } = node(3);
      await recorder.until(() => recorder.messages.length === 2);
      expect(new Set(recorder.messages.map(({ from }) => from))).toEqual(new Set([1, 2]));
      expect(new Set(recorder.whole.map(({ message }) => message.from))).toEqual(new Set([1, 2]));
    });

    test('never calls the handler from within a call', async () => {
      const { network, one, two } = await open();
      const calls = (): number => one.recorder.unreachable.length + two.recorder.messages.length;
      network.hold();
      while (one.recorder.unreachable.length === 0) {
        const before = calls();
        for (let i = 0; i < 100; i++) one.transport.send(2, GROUP, appendAt(i, DATA));
        one.transport.flush();
        expect(calls()).toBe(before);
        await poll();
      }
    });

    test('bounds what waits for a peer: drops more, says so, and goes on when there is room', async () => {
      const { network, one, two } = await open();
      one.transport.send(2, GROUP, appendAt(1));
      one.transport.flush();
      await two.recorder.until(() => two.recorder.messages.length === 1);
      network.hold();
      let sent = 0;
      while (one.recorder.unreachable.length === 0 && sent < FAR_TOO_MANY) {
        for (let i = 0; i < 64; i++) one.transport.send(2, GROUP, appendAt(++sent + 1, DATA));
        one.transport.flush();
        await poll();
      }
      expect(one.recorder.unreachable[0]).toEqual({ peer: 2, reset: false });
      network.release();
      while (two.recorder.messages.at(-1)?.index !== LAST_INDEX) {
        one.transport.send(2, GROUP, appendAt(LAST_INDEX));
        one.transport.flush();
        await poll();
      }
      expect(two.recorder.messages.length).toBeLessThan(sent + 1_000);
    });

    test('reports a peer that ended, once and as a reset', async () => {
      const { one, two } = await open();
      one.transport.send(2, GROUP, appendAt(1));
      one.transport.flush();
      await two.recorder.until(() => two.recorder.messages.length === 1);
      await two.transport.close();
      await one.recorder.until(() => one.recorder.resetsOf(2) > 0);
      await polls();
      expect(one.recorder.resetsOf(2)).toBe(1);
    });

    test('reaches a peer that came back', async () => {
      const { network, one, two } = await open();
      one.transport.send(2, GROUP, appendAt(1));
      one.transport.flush();
      await two.recorder.until(() => two.recorder.messages.length === 1);
      await two.transport.close();
      await one.recorder.until(() => one.recorder.resetsOf(2) > 0);
      const { recorder } = await network.reopen(2);
      while (recorder.messages.length === 0) {
        one.transport.send(2, GROUP, appendAt(2));
        one.transport.flush();
        await poll();
      }
      expect(recorder.messages[0]).toEqual({ from: 1, group: GROUP, index: 2 });
    });

    test('takes nothing from a node that it was not told of, or not any more', async () => {
      const { node, one } = await open([1, 2, 3]);
      const { transport, recorder } = node(3);
      transport.setPeers(new Map([[2, '127.0.0.1:1']]));
      for (const to of [2, 3]) one.transport.send(to, GROUP, appendAt(1));
      one.transport.flush();
      await node(2).recorder.until(() => node(2).recorder.messages.length === 1);
      await polls();
      expect(recorder.messages).toEqual([]);
    });

    test('hands over a snapshot with its announcement, whole and in order', async () => {
      const { one, two } = await open();
      const state = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 31) & 0xff));
      const source = sourceOf([state.subarray(0, 100_000), state.subarray(100_000)]);
      expect(await sendSnapshot(one.transport, snapshotAt(5), source)).toBe(true);
      const [received] = two.recorder.snapshots;
      expect(received?.from).toBe(1);
      expect(received?.announced.message.snapshot?.index).toBe(5);
      expect(received?.announced.message.snapshot?.confState.voters).toEqual([1, 2]);
      expect(Buffer.concat(received?.chunks ?? []).equals(state)).toBe(true);
      expect([received?.end, source.closed]).toEqual(['finished', 1]);
    });

    test('tells the sender of a snapshot that nobody wants', async () => {
      const { one, two } = await open();
      two.recorder.snapshotSink = () => undefined;
      const source = endlessSource();
      expect(await sendSnapshot(one.transport, snapshotAt(5), source)).toBe(false);
      expect(source.closed).toBe(1);
    });

    test('tells the sender of a snapshot that does not add up', async () => {
      const { one, two } = await open();
      two.recorder.snapshotSink = () => ({ finish: (done) => setImmediate(done, false) });
      expect(await sendSnapshot(one.transport, snapshotAt(5), sourceOf([DATA]))).toBe(false);
    });

    test('gives up a snapshot that cannot be written, and sends the next one', async () => {
      const { one, two } = await open();
      two.recorder.snapshotSink = () => ({
        write: () => {
          throw new Fault('resource_exhausted', 'the disk is full');
        },
      });
      expect(await sendSnapshot(one.transport, snapshotAt(5), endlessSource())).toBe(false);
      expect(two.recorder.snapshots[0]?.end).toBe('aborted');
      two.recorder.snapshotSink = () => ({});
      expect(await sendSnapshot(one.transport, snapshotAt(6), sourceOf([DATA]))).toBe(true);
    });

    test('gives up a snapshot that cannot be read, and sends the next one', async () => {
      const { one, two } = await open();
      const broken = sourceOf([DATA], () => {
        throw new Fault('data_loss', 'a chunk is damaged');
      });
      expect(await sendSnapshot(one.transport, snapshotAt(5), broken)).toBe(false);
      expect([two.recorder.snapshots[0]?.end, broken.closed]).toEqual(['aborted', 1]);
      expect(await sendSnapshot(one.transport, snapshotAt(6), sourceOf([DATA]))).toBe(true);
    });

    test('sends snapshots to a peer one after the other, each with its own outcome', async () => {
      const { one, two } = await open();
      two.recorder.snapshotSink = ({ announced }) => (announced.group === 2 ? undefined : {});
      const outcomes = await Promise.all(
        [1, 2, 3].map((group) => sendSnapshot(one.transport, snapshotAt(5, group), sourceOf([DATA, DATA]))),
      );
      expect(outcomes).toEqual([true, false, true]);
      expect(two.recorder.snapshots.map(({ announced }) => announced.group)).toEqual([1, 3]);
    });

    test('gives up a snapshot whose receiver ends', async () => {
      const { one, two } = await open();
      const source = endlessSource();
      const taken = sendSnapshot(one.transport, snapshotAt(5), source);
      await two.recorder.until(() => (two.recorder.snapshots[0]?.chunks.length ?? 0) > 2);
      await two.transport.close();
      expect(await taken).toBe(false);
      expect([two.recorder.snapshots[0]?.end, source.closed]).toEqual(['aborted', 1]);
    });

    test('gives up a snapshot whose sender ends', async () => {
      const { one, two } = await open();
      const source = endlessSource();
      const taken = sendSnapshot(one.transport, snapshotAt(5), source);
      await two.recorder.until(() => (two.recorder.snapshots[0]?.chunks.length ?? 0) > 2);
      await one.transport.close();
      expect(await taken).toBe(false);
      await two.recorder.until(() => two.recorder.snapshots[0]?.end === 'aborted');
      expect(source.closed).toBe(1);
    });

    test('fails a snapshot to a node that it does not know', async () => {
      const { one } = await open();
      expect(await sendSnapshot(one.transport, snapshotAt(5), sourceOf([DATA]), 3)).toBe(false);
    });

    test('reports nothing once it is closed, and closes once', async () => {
      const { one, two } = await open();
      one.transport.send(2, GROUP, appendAt(1));
      one.transport.flush();
      await two.recorder.until(() => two.recorder.messages.length === 1);
      await one.transport.close();
      await one.transport.close();
      two.transport.send(1, GROUP, appendAt(1));
      two.transport.flush();
      await two.transport.close();
      await polls();
      expect([one.recorder.messages, one.recorder.unreachable]).toEqual([[], []]);
    });
  });
}

function fullAppend(): Message {
  const message = newMessage('MsgApp', 1, 2, 5);
  return {
    ...message,
    logTerm: 4,
    index: 7,
    entries: [
      { term: 4, index: 8, type: 'EntryNormal', data: Buffer.from('first') },
      { term: 5, index: 9, type: 'EntryConfChangeV2', data: Buffer.alloc(0) },
    ],
    commit: 2 ** 40,
    vote: 3,
    reject: true,
    rejectHint: 6,
    transfer: true,
    readRound: 11,
  };
}
