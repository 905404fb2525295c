import { SeededRandom } from '@ringwatch/kernel/fake';
import { expect, test } from 'vitest';
import { MemoryStorage } from './memory-storage.ts';
import { withDefaults, type RaftOptions } from './options.ts';

const base: RaftOptions = {
  id: 1,
  electionTicks: 10,
  heartbeatTicks: 1,
  storage: new MemoryStorage(),
  random: new SeededRandom(1),
};

test('what is not given has the default that the README names', () => {
  const { storage: _storage, random: _random, ...rest } = withDefaults(base);
  expect(rest).toEqual({
    id: 1,
    electionTicks: 10,
    heartbeatTicks: 1,
    applied: 0,
    asyncStorageWrites: false,
    messageBytesMax: 256 * 1024,
    applyingBytesMax: 256 * 1024,
    uncommittedBytesMax: 64 * 1024 * 1024,
    inflightMessagesMax: 256,
    inflightBytesMax: 16 * 1024 * 1024,
    readsPendingMax: 4096,
    checkQuorum: false,
    commitByVote: false,
    preVote: false,
    readOnly: 'safe',
    disableProposalForwarding: false,
    disableConfChangeValidation: false,
    stepDownOnRemoval: false,
  });
});

test('an option that is given as undefined counts as not given', () => {
  expect(withDefaults({ ...base, inflightMessagesMax: undefined, messageBytesMax: undefined })).toEqual(
    withDefaults(base),
  );
});

test('limits that depend on the size of a message follow it', () => {
  expect(withDefaults({ ...base, messageBytesMax: 1e8 })).toMatchObject({
    applyingBytesMax: 1e8,
    inflightBytesMax: 1e8,
  });
});

test.each<Partial<RaftOptions>>([
  { id: 0 },
  { id: -1 },
  { id: -7 },
  { id: 1.5 },
  { id: 2 ** 53 },
  { heartbeatTicks: 0 },
  { heartbeatTicks: Number.NaN },
  { electionTicks: 1 },
  { electionTicks: Number.NaN },
  { electionTicks: 10.5 },
  { messageBytesMax: 0 },
  { applyingBytesMax: 0 },
  { uncommittedBytesMax: Number.NaN },
  { inflightMessagesMax: 0 },
  { inflightBytesMax: 1024 },
  { readsPendingMax: 0 },
  { readOnly: 'lease-based' },
])('%o cannot work', (option) => {
  expect(() => withDefaults({ ...base, ...option })).toThrow(/\[invalid_argument\]/);
});
