import { randomBelow } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { expect, test, vi } from 'vitest';
import { Walk } from '../cluster/walk.ts';
import { newMessage, type Message, type MessageType } from './message.ts';
import type { Raft, StepOutcome } from './raft.ts';
import { TRANSITIONS } from './transitions.ts';

/** Every transition that happened: `role message role`. */
const seen = new Set<string>();

// The core as it is, with somebody who watches its door.
vi.mock(import('./step.ts'), async (original) => {
  const { step } = await original();
  const watched = (raft: Raft, message: Message): StepOutcome => {
    const before = raft.role;
    const outcome = step(raft, message);
    seen.add(`${before} ${message.type} ${raft.role}`);
    return outcome;
  };
  return { step: watched };
});

const STEPS = 1_500;
const WALKS_MAX = 3_000;
/** What comes too seldom of itself: messages that say nothing but the term of who might have sent them. */
const STRAYS: readonly MessageType[] = [
  'MsgAppResp',
  'MsgVoteResp',
  'MsgPreVoteResp',
  'MsgHeartbeatResp',
  'MsgReadIndexResp',
];
/** Only a leader sends these, so they may come from one, or late from one that was. */
const OF_LEADERS: readonly MessageType[] = ['MsgSnap', 'MsgTimeoutNow'];
const STRAY_CHANCE = 0.02;

test('random walks never leave the table, and come by all of it', () => {
  const named = Object.entries(TRANSITIONS).flatMap(([before, row]) =>
    Object.entries(row).flatMap(([type, after]) => after.map((role) => `${before} ${type} ${role}`)),
  );
  let seed = 1;
  for (; seed <= WALKS_MAX && named.some((transition) => !seen.has(transition)); seed++) {
    const walk = new Walk(seed);
    const random = new SeededRandom(seed);
    for (let step = 0; step < STEPS; step++) {
      walk.step();
      if (random.next() < STRAY_CHANCE) stray(walk, random);
    }
  }
  expect(
    [...seen].filter((transition) => !named.includes(transition)),
    `seeds 1 to ${seed}`,
  ).toEqual([]);
  expect(named.filter((transition) => !seen.has(transition))).toEqual([]);
}, 120_000);

test('nothing unasked makes a candidate or a leader, and a leader becomes nothing but a follower', () => {
  const rises = Object.entries(TRANSITIONS).flatMap(([before, row]) =>
    Object.entries(row)
      .filter(([, after]) => after.some((role) => role !== before && role !== 'StateFollower'))
      .map(([type]) => `${before} ${type}`),
  );
  expect(rises).toEqual([
    'StateFollower MsgHup',
    'StateFollower MsgTimeoutNow',
    'StatePreCandidate MsgPreVoteResp',
    'StateCandidate MsgHup',
    'StateCandidate MsgVoteResp',
  ]);
});

function stray({ cluster }: Walk, random: SeededRandom): void {
  const pick = <T>(items: readonly T[]): T => items[randomBelow(random, items.length)] as T;
  const { id, up, node } = pick(cluster.members);
  const from = pick(cluster.members.filter((other) => other.id !== id)).node;
  if (!up) return;
  const late = node.term > 1 && random.next() < 0.5;
  const type = pick(late || from.isLeader ? [...STRAYS, ...OF_LEADERS] : STRAYS);
  const message = newMessage(type, from.id, id, late ? node.term - 1 : from.term);
  message.reject = true;
  // A leader offers its place only to who has heard of its term.
  if (type === 'MsgTimeoutNow' && message.term > node.term) return;
  cluster.step(id, () => node.step(message));
}
