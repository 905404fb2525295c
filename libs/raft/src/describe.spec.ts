import { expect, test } from 'vitest';
import { encodeConfChange } from './conf-change.ts';
import {
  describeEntry,
  describeHardState,
  describeMembership,
  describeMessage,
  describeProgress,
  describeReady,
  quoted,
} from './describe.ts';
import { confStateOf } from './membership.ts';
import { APPEND_THREAD, newMessage, NO_DATA, type Entry } from './message.ts';
import { Progress } from './progress.ts';
import type { Ready } from './raw-node.ts';

const entry = (index: number, data: string): Entry => {
  return { term: 1, index, type: 'EntryNormal', data: Buffer.from(data) };
};
const EMPTY: Ready = {
  softState: undefined,
  hardState: undefined,
  readStates: [],
  entries: [],
  snapshot: undefined,
  committedEntries: [],
  messages: [],
  mustSync: false,
};

test('an entry shows its place and its data, a membership change its changes', () => {
  const change = { type: 'ConfChangeAddLearnerNode', nodeId: 4 } as const;
  const encoded = encodeConfChange({ kind: 'v1', ...change, context: NO_DATA });
  expect(describeEntry(entry(3, 'a b'))).toBe('1/3 EntryNormal "a b"');
  expect(describeEntry(entry(2, ''))).toBe('1/2 EntryNormal ""');
  expect(describeEntry({ term: 2, index: 4, ...encoded })).toBe('2/4 EntryConfChange l4');
});

test('a message shows what it carries, further entries and responses on lines of their own', () => {
  const append = newMessage('MsgApp', 1, 31, 2);
  Object.assign(append, { index: 3, logTerm: 1, commit: 3, entries: [entry(4, 'x'), entry(5, 'y')] });
  const write = newMessage('MsgStorageAppend', 31, APPEND_THREAD);
  write.responses = [newMessage('MsgAppResp', 31, 1, 2)];
  expect(describeMessage(append, '  ')).toBe(
    [
      '  1->1f MsgApp Term:2 Log:1/3 Commit:3 Entries:[',
      '    1/4 EntryNormal "x"',
      '    1/5 EntryNormal "y"',
      '  ]',
    ].join('\n'),
  );
  expect(describeMessage(write)).toBe(
    '1f->AppendThread MsgStorageAppend Term:0 Log:0/0 Responses:[\n  1f->1 MsgAppResp Term:2 Log:0/0\n]',
  );
});

test('a refusal shows its hint', () => {
  const refusal = newMessage('MsgAppResp', 2, 1, 3);
  Object.assign(refusal, { index: 9, logTerm: 2, reject: true, rejectHint: 7 });
  expect(describeMessage(refusal)).toBe('2->1 MsgAppResp Term:3 Log:2/9 Rejected (Hint: 7)');
});

test('states, memberships and progress show what matters of them', () => {
  expect(describeHardState({ term: 3, vote: 0, commit: 4 })).toBe('Term:3 Commit:4');
  expect(describeMembership({ ...confStateOf([1, 2], [4]), votersOutgoing: [1, 3], autoLeave: true })).toBe(
    'voters=(1 2)&&(1 3) learners=(4) autoleave',
  );
  const progress = new Progress(5, true, { messagesMax: 1, bytesMax: 10 });
  progress.becomeReplicate();
  progress.sentEntries(1, 1);
  expect(describeProgress(progress)).toBe(
    'StateReplicate match=0 next=2 learner paused inactive inflight=1[full]',
  );
});

test('a Ready shows its parts in order, an empty one that it is empty', () => {
  expect(describeReady(EMPTY)).toBe('<empty Ready>');
  const ready: Ready = {
    ...EMPTY,
    softState: { lead: 1, role: 'StateLeader' },
    readStates: [{ index: 4, context: Buffer.from('r') }],
    committedEntries: [entry(2, '')],
  };
  expect(describeReady(ready)).toBe(
    [
      'Ready MustSync=false:',
      'Lead:1 State:StateLeader',
      'ReadState 4 "r"',
      'CommittedEntries:',
      '1/2 EntryNormal ""',
      '',
    ].join('\n'),
  );
});

test.each([
  ['plain', '"plain"'],
  ['a "b" \\ \n\t', '"a \\"b\\" \\\\ \\n\\t"'],
  ['zoë ✓ 𝄞', '"zoë ✓ 𝄞"'],
  ['\u0000\u007f', '"\\x00\\x7f"'],
  ['\u00a0\u{e0001}', '"\\u00a0\\U000e0001"'],
])('%j is quoted as %s', (text, quotedText) => {
  expect(quoted(Buffer.from(text))).toBe(quotedText);
});

test.each([
  [[0xff, 0x61], '"\\xffa"'],
  [[0xe2, 0x82], '"\\xe2\\x82"'],
  [[0xc3], '"\\xc3"'],
])('bytes %j that are no text are quoted as %s', (bytes, quotedText) => {
  expect(quoted(Uint8Array.from(bytes))).toBe(quotedText);
});
