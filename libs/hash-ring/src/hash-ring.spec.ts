import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { HashRing, MEMBERS_MAX, WEIGHT_MAX, type RingMember } from './hash-ring.ts';
import { xxh32 } from './xxh32.ts';

const golden = JSON.parse(readFileSync(new URL('../testdata/ring.json', import.meta.url), 'utf8')) as {
  members: RingMember[];
  replicas: Record<string, string[]>;
};

const idsOf = (members: readonly RingMember[]): string[] => members.map((member) => member.id);
const named = (count: number): RingMember[] =>
  Array.from({ length: count }, (_, i) => ({ id: `broker-${i}` }));
const keys = (count: number): string[] => Array.from({ length: count }, (_, i) => `host-${i}.example`);

const memberArb = fc.record({
  id: fc.string({ minLength: 1, maxLength: 6 }),
  weight: fc.constantFrom(0, 0.25, 1, 2),
  zone: fc.constantFrom('a', 'b', 'c'),
});
const membersArb = fc.uniqueArray(memberArb, { selector: (member) => member.id, minLength: 1, maxLength: 8 });
const TOKENS = { tokensPerWeight: 8 };

/** The definition, by brute force: every token of every member, sorted by distance clockwise from the key. */
function walkByDefinition(members: readonly RingMember[], key: string): RingMember[] {
  const position = xxh32(key);
  const tokens = members.flatMap((member) =>
    Array.from({ length: (member.weight ?? 1) * TOKENS.tokensPerWeight }, (_, i) => ({
      member,
      distance: (xxh32(`${member.id}\0${i}`) - position + 2 ** 32) % 2 ** 32,
    })),
  );
  tokens.sort((a, b) => a.distance - b.distance || (a.member.id < b.member.id ? -1 : 1));
  return [...new Set(tokens.map((token) => token.member))];
}

/** The definition of zone awareness: always the first in the walk whose zone was used least. */
function replicasByDefinition(members: readonly RingMember[], key: string, count: number): string[] {
  const left = walkByDefinition(members, key);
  const chosen: RingMember[] = [];
  const usedBy = (zone: string | undefined): number => chosen.filter((member) => member.zone === zone).length;
  while (chosen.length < count && left.length > 0) {
    const least = Math.min(...left.map((member) => usedBy(member.zone)));
    chosen.push(
      ...left.splice(
        left.findIndex((member) => usedBy(member.zone) === least),
        1,
      ),
    );
  }
  return idsOf(chosen);
}

test('replica sets equal the definition for any members, weights, zones and keys', () => {
  const count = fc.integer({ min: 1, max: 9 });
  const property = fc.property(membersArb, fc.string(), count, (members, key, n) => {
    fc.pre(members.some((member) => member.weight > 0));
    const ring = HashRing.of(members, TOKENS);
    expect(idsOf(ring.replicasOf(key, n))).toEqual(replicasByDefinition(members, key, n));
    expect(ring.ownerOf(key)).toEqual(walkByDefinition(members, key)[0]);
  });
  fc.assert(property, { numRuns: 500 });
});

describe('determinism', () => {
  test.each(Object.entries(golden.replicas))('%s keeps its stored replica set', (key, replicas) => {
    expect(idsOf(HashRing.of(golden.members).replicasOf(key, 3))).toEqual(replicas);
  });

  test('the order in which members are given does not matter', () => {
    const turned = HashRing.of(golden.members.toReversed());
    for (const [key, replicas] of Object.entries(golden.replicas)) {
      expect(idsOf(turned.replicasOf(key, 3))).toEqual(replicas);
    }
  });

  test('another process builds the same ring', () => {
    const entry = JSON.stringify(new URL('./index.ts', import.meta.url).href);
    const program = `
      const { HashRing } = await import(${entry});
      const ring = HashRing.of(${JSON.stringify(golden.members)});
      const keys = ${JSON.stringify(Object.keys(golden.replicas))};
      const sets = keys.map((key) => [key, ring.replicasOf(key, 3).map((member) => member.id)]);
      console.log(JSON.stringify(Object.fromEntries(sets)));`;
    const argv = ['--conditions=@ringwatch/source', '--input-type=module', '-e', program];
    expect(JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' }))).toEqual(golden.replicas);
  });
});

describe('movement', () => {
  const sample = keys(20_000);
  const ownersOf = (members: readonly RingMember[]): string[] => {
    const ring = HashRing.of(members);
    return sample.map((key) => ring.ownerOf(key).id);
  };

  test('a join moves keys only to the newcomer, a greater weight only to the member that got it', () => {
    const before = ownersOf(named(20));
    const joined = ownersOf(named(21));
    const heavier = ownersOf([...named(19), { id: 'broker-19', weight: 2 }]);
    const moved = joined.filter((owner, i) => owner !== before[i]);
    expect(new Set(moved)).toEqual(new Set(['broker-20']));
    expect(new Set(heavier.filter((owner, i) => owner !== before[i]))).toEqual(new Set(['broker-19']));
    expect(moved.length / sample.length).toBeLessThan((1 / 21) * 1.3);
  });

  test('a random history of joins, leaves and weights never moves a key between unchanged members', () => {
    const random = new SeededRandom(20_261_120);
    let members: readonly RingMember[] = named(5);
    let owners = ownersOf(members);
    for (let step = 0; step < 60; step++) {
      const changed = `broker-${Math.floor(random.next() * 12)}`;
      const others = members.filter((member) => member.id !== changed);
      const stays = others.length < 2 || random.next() < 0.7;
      members = stays ? [...others, { id: changed, weight: 0.5 + random.next() * 2 }] : others;
      const next = ownersOf(members);
      const needless = next.filter(
        (owner, i) => owner !== owners[i] && owner !== changed && owners[i] !== changed,
      );
      expect(needless).toEqual([]);
      owners = next;
    }
  });
});

describe('balance', () => {
  const loads = (members: readonly RingMember[]): Map<string, number> => {
    const ring = HashRing.of(members);
    const counts = new Map<string, number>();
    for (const key of keys(100_000))
      counts.set(ring.ownerOf(key).id, (counts.get(ring.ownerOf(key).id) ?? 0) + 1);
    return counts;
  };

  test.each([3, 20, 100])('the fullest of %i members has at most 1.3 of the mean', (count) => {
    const max = Math.max(...loads(named(count)).values());
    expect(max / (100_000 / count)).toBeLessThan(1.3);
  });

  test('load follows weight, and weight 0 gets nothing', () => {
    const counts = loads([...named(4), { id: 'big', weight: 4 }, { id: 'drained', weight: 0 }]);
    expect(counts.has('drained')).toBe(false);
    expect(Math.abs((counts.get('big') ?? 0) / 100_000 - 0.5)).toBeLessThan(0.05);
  });
});

describe('replicas', () => {
  const zoned = named(9).map((member, i) => ({ ...member, zone: `zone-${i % 3}` }));

  test('three replicas lie in three zones, and a larger set extends a smaller one', () => {
    const ring = HashRing.of(zoned);
    for (const key of keys(500)) {
      const nine = ring.replicasOf(key, 9);
      expect(new Set(nine.slice(0, 3).map((member) => member.zone)).size).toBe(3);
      expect(new Set(idsOf(nine)).size).toBe(9);
      for (let n = 1; n < 9; n++) expect(ring.replicasOf(key, n)).toEqual(nine.slice(0, n));
    }
  });

  test('fewer members than wanted are all of them, once', () => {
    expect(HashRing.of(named(2)).replicasOf('web-1', 3)).toHaveLength(2);
  });
});

describe('refusals', () => {
  test.each([
    { title: 'no members', members: [] },
    { title: 'only drained members', members: [{ id: 'a', weight: 0 }] },
  ])('a ring of $title has no owner', ({ members }) => {
    expect(() => HashRing.of(members).ownerOf('web-1')).toThrow(
      expect.objectContaining({ code: 'failed_precondition' }),
    );
  });

  test.each([
    { title: 'a repeated id', members: [{ id: 'a' }, { id: 'a' }] },
    { title: 'an empty id', members: [{ id: '' }] },
    { title: 'a negative weight', members: [{ id: 'a', weight: -1 }] },
    { title: 'a weight that is no number', members: [{ id: 'a', weight: Number.NaN }] },
    { title: 'too great a weight', members: [{ id: 'a', weight: WEIGHT_MAX + 1 }] },
    { title: 'too many members', members: named(MEMBERS_MAX + 1) },
  ])('$title is refused', ({ members }) => {
    expect(() => HashRing.of(members)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});

test('the example of the README', () => {
  const ring = HashRing.of([
    { id: 'broker-1', zone: 'a' },
    { id: 'broker-2', zone: 'b' },
    { id: 'broker-3', zone: 'b', weight: 2 },
  ]);
  expect(ring.ownerOf('web-1').id).toMatch(/^broker-\d$/);
  expect(ring.replicasOf('web-1', 2)).toHaveLength(2);
});
