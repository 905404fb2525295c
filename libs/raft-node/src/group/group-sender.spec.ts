import { newMessage, NO_DATA, type Entry, type Message, type NodeId } from '@ringwatch/raft';
import { expect, test } from 'vitest';
import { GroupSender, type SenderContext } from './group-sender.ts';

const entry: Entry = { index: 8, term: 1, type: 'EntryNormal', data: NO_DATA };

/** A sender whose messages and moments are seen. */
function sending(diskStalled = false) {
  const sent: string[] = [];
  const moments: (() => void)[] = [];
  const transport = {
    send: (to: NodeId, group: number, { type, commit, entries }: Message): void => {
      sent.push(`${type} of group ${group} to ${to}: ${entries.length} entries, commit ${commit}`);
    },
  } as SenderContext['process']['transport'];
  const process = { transport, diskStalled, soon: (run: () => void) => void moments.push(run) };
  const never = (): never => {
    throw new Error('no snapshot is sent here');
  };
  const snapshots = { open: never } as unknown as SenderContext['snapshots'];
  const sender = new GroupSender({ group: 5, process, snapshots, reportSnapshot: never });
  const append = (to: NodeId, commit: number, entries: readonly Entry[] = []): void => {
    const message = newMessage('MsgApp', 1, to, 1);
    message.commit = commit;
    message.entries = entries;
    sender.send(message);
  };
  const pass = (): void => {
    for (const run of moments.splice(0)) run();
  };
  return { sender, sent, moments, append, pass };
}

test('entries leave at once', () => {
  const { sent, append, moments } = sending();
  append(2, 7, [entry]);
  expect(sent).toEqual(['MsgApp of group 5 to 2: 1 entries, commit 7']);
  expect(moments).toEqual([]);
});

test('a commit index waits a moment, and the last one is told once to each follower', () => {
  const { sent, append, pass } = sending();
  append(2, 7);
  append(3, 7);
  append(2, 8);
  expect(sent).toEqual([]);
  pass();
  expect(sent).toEqual([
    'MsgApp of group 5 to 2: 0 entries, commit 8',
    'MsgApp of group 5 to 3: 0 entries, commit 7',
  ]);
  pass();
  expect(sent).toHaveLength(2);
});

test('a commit index goes with the entries that come meanwhile', () => {
  const { sent, append, pass } = sending();
  append(2, 7);
  append(2, 8, [entry]);
  pass();
  expect(sent).toEqual(['MsgApp of group 5 to 2: 1 entries, commit 8']);
});

test('after a moment has passed the next commit index gets one of its own', () => {
  const { sent, append, pass, moments } = sending();
  append(2, 7);
  pass();
  append(2, 8);
  expect(moments).toHaveLength(1);
  pass();
  expect(sent).toHaveLength(2);
});

test.each([
  [false, 1],
  [true, 0],
])('heartbeats while the disk is stuck %s: %i', (diskStalled, count) => {
  const { sender, sent } = sending(diskStalled);
  sender.send(newMessage('MsgHeartbeat', 1, 2, 1));
  sender.send(newMessage('MsgVote', 1, 2, 1));
  expect(sent).toHaveLength(count + 1);
});
