import { SeededRandom } from '@ringwatch/kernel/fake';
import { expect, test } from 'vitest';
import { confStateOf, decodeConfChange, MemoryStorage, RawNode } from './index.ts';

interface Member {
  readonly node: RawNode;
  readonly storage: MemoryStorage;
  readonly values: Map<string, string>;
}

test('the example of the README: three nodes in one process replicate a map', () => {
  const random = new SeededRandom(1);
  const nodes = new Map<number, Member>();
  for (const id of [1, 2, 3]) {
    const storage = MemoryStorage.of(confStateOf([1, 2, 3]));
    const node = new RawNode({ id, storage, random, electionTicks: 10, heartbeatTicks: 1 });
    nodes.set(id, { node, storage, values: new Map() });
  }

  const work = ({ node, storage, values }: Member): void => {
    const { entries, hardState, snapshot, messages, committedEntries } = node.ready();
    if (snapshot !== undefined) storage.applySnapshot(snapshot);
    storage.append(entries);
    if (hardState !== undefined) storage.setHardState(hardState);
    for (const message of messages) nodes.get(message.to)?.node.step(message);
    for (const entry of committedEntries) {
      const change = decodeConfChange(entry);
      if (change !== undefined) node.applyConfChange(change);
      else if (entry.data.length > 0) {
        values.set(...(JSON.parse(Buffer.from(entry.data).toString()) as [string, string]));
      }
    }
    node.advance();
  };
  const settle = (): void => {
    for (const member of nodes.values()) {
      if (!member.node.hasReady()) continue;
      work(member);
      settle();
    }
  };

  nodes.get(1)?.node.campaign();
  settle();
  expect(nodes.get(1)?.node.isLeader).toBe(true);
  nodes.get(1)?.node.propose(Buffer.from('["greeting","hello"]'));
  settle();
  expect([...nodes.values()].map(({ values }) => values.get('greeting'))).toEqual([
    'hello',
    'hello',
    'hello',
  ]);
});
