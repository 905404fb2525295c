import { randomBelow } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { systemClock } from '@ringwatch/kernel/system';
import { expect, test } from 'vitest';
import { checkLinearizability, describeVerdict } from './check-linearizability.ts';
import type { Operation } from './history.ts';
import { keyValueModel, type KeyValueInput, type KeyValueOutput } from './key-value-model.ts';
import { executeAtRandom } from './random-history.ts';

const SEEDS = [1, 2];
const CLIENTS = 50;
const OPERATIONS = 4_000;
const BUDGET_MS = 10_000;

interface Load {
  readonly title: string;
  readonly keys: number;
  readonly puts: number;
  readonly appends: number;
  readonly unknownShare: number;
}

type KeyValueOperation = Operation<KeyValueInput, KeyValueOutput>;

/** What clients of a real map did and saw. */
function mapHistory(seed: number, { keys, puts, appends, unknownShare }: Load): readonly KeyValueOperation[] {
  const random = new SeededRandom(seed);
  const values = new Map<string, string>();
  let written = 0;
  return executeAtRandom<KeyValueInput, KeyValueOutput>({
    random,
    clients: CLIENTS,
    operations: OPERATIONS,
    unknownShare,
    nextInput: (client) => {
      const key = `key-${randomBelow(random, keys)}`;
      const chance = random.next();
      if (chance >= puts + appends) return { kind: 'get', key };
      return { kind: chance < puts ? 'put' : 'append', key, value: `${client}:${written++};` };
    },
    apply: (input) => {
      const value = values.get(input.key);
      if (input.kind === 'get') return value ?? null;
      values.set(input.key, input.kind === 'put' ? input.value : (value ?? '') + input.value);
      return null;
    },
  });
}

/**
 * Lets one get, late in the history, read what was read before a change that it must see: the change was
 * called after the old value was read, and returned before the get was called.
 */
function withStaleRead(operations: readonly KeyValueOperation[]): readonly KeyValueOperation[] {
  const [stale, output] = staleReads(operations).next().value ?? [];
  if (stale?.answer === undefined || output === undefined) throw new Error('nothing can be stale');
  const changed = { ...stale, answer: { ...stale.answer, output } };
  return operations.map((operation) => (operation === stale ? changed : operation));
}

/** Gets from the last quarter, each with the value that it must not read. */
function* staleReads(
  operations: readonly KeyValueOperation[],
): Generator<[KeyValueOperation, KeyValueOutput]> {
  for (const get of operations.slice(0.75 * operations.length)) {
    if (get.input.kind !== 'get') continue;
    const before = operations.filter(
      ({ input, answer }) => input.key === get.input.key && (answer?.returnAt ?? Infinity) < get.callAt,
    );
    const change = before.findLast(({ input }) => input.kind !== 'get');
    const old = before.findLast(
      ({ input, answer }) => input.kind === 'get' && (answer?.returnAt ?? 0) < (change?.callAt ?? 0),
    );
    if (old?.answer !== undefined) yield [get, old.answer.output];
  }
}

const loads: readonly Load[] = [
  { title: 'mostly appends to ten keys', keys: 10, puts: 0.05, appends: 0.5, unknownShare: 0 },
  { title: 'mostly appends to one key', keys: 1, puts: 0.05, appends: 0.5, unknownShare: 0 },
  { title: 'nothing but appends', keys: 5, puts: 0, appends: 0.5, unknownShare: 0 },
  { title: 'puts to one key', keys: 1, puts: 0.5, appends: 0, unknownShare: 0 },
  { title: 'puts and appends, some given up', keys: 3, puts: 0.3, appends: 0.2, unknownShare: 0.1 },
];

test.each(loads)(`${CLIENTS} clients, ${OPERATIONS} operations, $title: decided within seconds`, (load) => {
  for (const seed of SEEDS) {
    const operations = mapHistory(seed, load);
    const options = { clock: systemClock, budgetMs: BUDGET_MS };
    const good = checkLinearizability(keyValueModel, operations, options);
    expect(describeVerdict(good), `seed ${seed}`).toBe('linearizable');
    const bad = checkLinearizability(keyValueModel, withStaleRead(operations), options);
    expect(bad.verdict, `seed ${seed} with a stale read`).toBe('not-linearizable');
  }
});
