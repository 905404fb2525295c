import { SeededRandom } from '@ringwatch/kernel/fake';
import { describe, expect, test } from 'vitest';
import { confStateOf } from './membership.ts';
import { MemoryStorage } from './memory-storage.ts';
import { APPEND_THREAD, newMessage, type Message } from './message.ts';
import type { RaftOptions } from './options.ts';
import { RawNode } from './raw-node.ts';

function nodeOf(size: number, options: Partial<RaftOptions> = {}): { node: RawNode; storage: MemoryStorage } {
  const storage = MemoryStorage.of(confStateOf(Array.from({ length: size }, (_, i) => i + 1)));
  const random = new SeededRandom(1);
  const node = new RawNode({ id: 1, electionTicks: 10, heartbeatTicks: 1, storage, random, ...options });
  return { node, storage };
}

/** Does what the next `Ready` asks for; @returns its messages. */
function work({ node, storage }: ReturnType<typeof nodeOf>): readonly Message[] {
  const ready = node.ready();
  storage.append(ready.entries);
  if (ready.hardState !== undefined) storage.setHardState(ready.hardState);
  node.advance();
  return ready.messages;
}

/** Node 1 of three, which leads in term 1. */
function leader(options: Partial<RaftOptions> = {}): ReturnType<typeof nodeOf> {
  const setup = nodeOf(3, options);
  setup.node.campaign();
  work(setup);
  setup.node.step(newMessage('MsgVoteResp', 2, 1, 1));
  work(setup);
  return setup;
}

describe('Ready', () => {
  test('says only what has changed, and there is none when nothing has', () => {
    const setup = nodeOf(3);
    expect(setup.node.hasReady()).toBe(false);
    setup.node.campaign();
    expect(setup.node.ready()).toMatchObject({
      softState: { lead: 0, role: 'StateCandidate' },
      hardState: { term: 1, vote: 1, commit: 1 },
      mustSync: true,
    });
    setup.node.advance();
    expect(setup.node.hasReady()).toBe(false);
  });

  test('is not taken twice before the first one is done: that would be our bug', () => {
    const { node } = nodeOf(1);
    node.campaign();
    node.ready();
    expect(() => node.ready()).toThrow(/before the last one was done/);
  });

  test('asks for no sync when only the commit index moves', () => {
    const setup = leader();
    const acknowledged = newMessage('MsgAppResp', 2, 1, 1);
    acknowledged.index = 2;
    setup.node.step(acknowledged);
    expect(setup.node.ready()).toMatchObject({ hardState: { commit: 2 }, mustSync: false });
  });

  test('stays as it was handed out, whatever comes afterwards', () => {
    const { node } = leader();
    node.propose(Uint8Array.of(1));
    const ready = node.ready();
    const before = structuredClone(ready);
    node.propose(Uint8Array.of(2));
    node.readIndex(Uint8Array.of(3));
    node.tick();
    expect(ready).toEqual(before);
  });

  test('with asynchronous writes neither responses nor entries change once they are handed out', () => {
    const setup = nodeOf(3, { asyncStorageWrites: true });
    const append = newMessage('MsgApp', 2, 1, 1);
    Object.assign(append, { index: 1, logTerm: 1, commit: 1 });
    setup.node.step(newMessage('MsgHeartbeat', 2, 1, 1));
    const [write] = setup.node.ready().messages.filter(({ to }) => to === APPEND_THREAD);
    const before = structuredClone(write);
    setup.node.step(append);
    expect(write).toEqual(before);
  });
});

describe('proposals', () => {
  test('go in together, in order, and all or none', () => {
    const setup = leader({ uncommittedBytesMax: 4 });
    expect(setup.node.propose(Buffer.from('ab'), Buffer.from('cd'))).toBe('accepted');
    expect(setup.node.ready().entries.map(({ data }) => data.toString())).toEqual(['ab', 'cd']);
    setup.node.advance();
    expect(setup.node.propose(Buffer.from('e'), Buffer.from('f'))).toBe('dropped');
    expect(setup.node.lastIndex).toBe(4);
  });

  test('of any size go in when nothing waits', () => {
    const setup = leader({ uncommittedBytesMax: 4 });
    expect(setup.node.propose(new Uint8Array(1_000))).toBe('accepted');
  });

  test('fit again when what waited is applied', () => {
    const setup = leader({ uncommittedBytesMax: 4 });
    setup.node.propose(new Uint8Array(4));
    work(setup);
    const acknowledged = newMessage('MsgAppResp', 2, 1, 1);
    acknowledged.index = 3;
    setup.node.step(acknowledged);
    expect(setup.node.propose(new Uint8Array(4))).toBe('dropped');
    work(setup);
    expect(setup.node.propose(new Uint8Array(4))).toBe('accepted');
  });

  test('at a follower are passed on to the leader, unless that is switched off', () => {
    const follower = nodeOf(3);
    expect(follower.node.propose(Buffer.from('a'))).toBe('dropped');
    follower.node.step(newMessage('MsgHeartbeat', 2, 1, 1));
    expect(follower.node.propose(Buffer.from('a'))).toBe('accepted');
    expect(work(follower)).toMatchObject([{}, { type: 'MsgProp', from: 1, to: 2, term: 0 }]);
    const silent = nodeOf(3, { disableProposalForwarding: true });
    silent.node.step(newMessage('MsgHeartbeat', 2, 1, 1));
    expect(silent.node.propose(Buffer.from('a'))).toBe('dropped');
  });
});

describe('messages from the network', () => {
  test.each(['MsgHup', 'MsgBeat', 'MsgSnapStatus', 'MsgStorageAppendResp', 'MsgStorageApplyResp'] as const)(
    '%s is refused: a node sends that to itself',
    (type) => {
      expect(nodeOf(3).node.step(newMessage(type, 2, 1))).toBe('local-message');
    },
  );

  test('answers of who does not belong to the group are refused, requests are not', () => {
    const { node } = leader();
    expect(node.step(newMessage('MsgAppResp', 9, 1, 1))).toBe('peer-not-found');
    expect(node.step(newMessage('MsgVote', 9, 1, 1))).toBe('accepted');
  });
});

test('status shows how far everybody is at a leader, and nothing of it elsewhere', () => {
  const { node } = leader();
  expect([...node.status().progress.keys()]).toEqual([1, 2, 3]);
  node.step(newMessage('MsgHeartbeat', 2, 1, 2));
  expect(node.status()).toMatchObject({ id: 1, applied: 1, hardState: { term: 2 } });
  expect(node.status().progress.size).toBe(0);
});

test('a term of an entry is known from the start of the log to its end', () => {
  const { node } = leader();
  expect([0, 1, 2, 3].map((index) => node.entryTerm(index))).toEqual([undefined, 1, 1, undefined]);
});

test('with asynchronous writes there is nothing to advance: that would be our bug', () => {
  expect(() => nodeOf(1, { asyncStorageWrites: true }).node.advance()).toThrow(/take the place of advance/);
});
