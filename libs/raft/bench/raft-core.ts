/**
 * Messages and commits a second between three nodes in one process, with storage in memory and no I/O: what
 * the algorithm itself costs. A message is counted when its receiver has taken it, a commit when the leader
 * has applied it. Medians of interleaved rounds; handing as many message objects through the same queue,
 * with no node behind it, is the yardstick.
 *
 * usage: npm run bench -- raft-core [commits per round, default 200000]
 */
import { SeededRandom } from '@ringwatch/kernel/fake';
import { confStateOf, MemoryStorage, newMessage, RawNode, type Message } from '../src/index.ts';

const SEED = 20_261_121;
const ROUNDS = 5;
const IDS = [1, 2, 3];
const DATA = new Uint8Array(256);
/** Entries kept in memory; nobody ever lags behind that far. */
const KEPT = 10_000;
const commits = Number(process.argv[2] ?? 200_000);

class Member {
  readonly node: RawNode;
  readonly #storage = MemoryStorage.of(confStateOf(IDS));

  constructor(id: number) {
    const random = new SeededRandom(SEED + id);
    this.node = new RawNode({ id, electionTicks: 10, heartbeatTicks: 1, storage: this.#storage, random });
  }

  /** Does what the node asks for; its messages go into `network`. */
  work(network: Message[]): void {
    const { entries, hardState, messages, committedEntries } = this.node.ready();
    this.#storage.append(entries);
    if (hardState !== undefined) this.#storage.setHardState(hardState);
    for (const message of messages) network.push(message);
    const applied = committedEntries.at(-1)?.index ?? 0;
    if (applied - this.#storage.firstIndex() >= 2 * KEPT) this.#storage.compact(applied - KEPT);
    this.node.advance();
  }
}

/**
 * Lets every node work and delivers what they send, until all is quiet. @returns how many messages that were.
 */
function settle(members: readonly Member[]): number {
  let delivered = 0;
  for (;;) {
    const network: Message[] = [];
    for (const member of members) if (member.node.hasReady()) member.work(network);
    if (network.length === 0) return delivered;
    for (const message of network) members[message.to - 1]?.node.step(message);
    delivered += network.length;
  }
}

/** Messages of one round: proposals in groups of `group`, each group committed before the next one. */
function replicate(members: readonly Member[], group: number): number {
  const [leader] = members as [Member];
  let messages = 0;
  for (let proposed = 0; proposed < commits; proposed += group) {
    for (let i = 0; i < group; i++) leader.node.propose(DATA);
    messages += settle(members);
  }
  return messages;
}

/** The queue alone: messages are made, queued and taken out, eight to a commit, as one at a time needs. */
function hand(): number {
  let terms = 0;
  for (let i = 0; i < commits; i++) {
    const network: Message[] = [];
    for (let j = 0; j < 8; j++) network.push(newMessage('MsgApp', 1, 2, j));
    for (const message of network) terms += message.term;
  }
  sink ^= terms;
  return commits * 8;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(name: string, value: number, unit: string, against?: { name: string; value: number }): void {
  const round = (number: number): number => Math.round(number * 100) / 100;
  const yardstick = against && { against: against.name, ratio: round(value / against.value) };
  console.log(JSON.stringify({ bench: 'raft-core', name, value: round(value), unit, ...yardstick }));
}

let sink = 0;
const members = IDS.map((id) => new Member(id));
members[0]?.node.campaign();
settle(members);

const ways: Readonly<Record<string, () => number>> = {
  'queue alone': hand,
  'one at a time': () => replicate(members, 1),
  'groups of 64': () => replicate(members, 64),
};
const messages = new Map<string, number[]>();
const committed = new Map<string, number[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, run] of Object.entries(ways)) {
    const startMs = performance.now();
    const count = run();
    const tookMs = performance.now() - startMs;
    messages.set(name, [...(messages.get(name) ?? []), count / tookMs / 1_000]);
    committed.set(name, [...(committed.get(name) ?? []), commits / tookMs]);
  }
}
const against = { name: 'queue alone', value: median(messages.get('queue alone') ?? []) };
for (const name of Object.keys(ways)) {
  print(`${name}, messages`, median(messages.get(name) ?? []), 'M/s', against);
  if (name !== against.name) print(`${name}, commits`, median(committed.get(name) ?? []), 'k/s');
}
if (sink === Number.MAX_SAFE_INTEGER) console.error('cannot be');
