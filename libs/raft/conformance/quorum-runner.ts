/**
 * Quorum scenarios: `committed` and `vote` over one or two majorities. Besides the result it is checked that
 * what must not matter does not: swapping the halves, joining with nothing or with itself, what lies below
 * the result. A difference is printed, so that the scenario fails.
 */
import { committedIndex, majorityIndex, majorityVote, voteResult, type NodeId } from '@ringwatch/raft';
import type { Argument, Directive } from './scenario.ts';

class Acked {
  readonly of: ReadonlyMap<NodeId, number>;
  constructor(of: ReadonlyMap<NodeId, number>) {
    this.of = of;
  }
  ackedIndex(id: NodeId): number | undefined {
    return this.of.get(id);
  }
}

export function quorumRunner(): (directive: Directive) => string {
  return ({ command, args }) => {
    const voters = idsOf(args, 'cfg');
    const joint = valuesOf(args, 'cfgj');
    const outgoing = joint?.[0] === 'zero' ? [] : idsOf(args, 'cfgj');
    const values = valuesOf(args, command === 'vote' ? 'votes' : 'idx') ?? [];
    const ids = [...new Set([...voters, ...outgoing])];
    if (ids.length !== values.length) {
      const named = ids.toSorted((a, b) => a - b).map((id) => `${id}:{}`);
      const input = `map[${named.join(' ')}]: [${values.join(' ')}]`;
      return `error: mismatched input (explicit or _) for voters ${input}`;
    }
    const known = new Map(ids.map((id, i) => [id, values[i] as string] as const));
    for (const [id, value] of known) if (value === '_') known.delete(id);
    if (command === 'vote') return vote(voters, joint && outgoing, known);
    return committed(voters, joint && outgoing, known);
  };
}

function committed(
  voters: readonly NodeId[],
  outgoing: readonly NodeId[] | undefined,
  known: ReadonlyMap<NodeId, string>,
): string {
  const acked = new Acked(new Map([...known].map(([id, value]) => [id, Number(value)])));
  const both = (incoming: readonly NodeId[], other: readonly NodeId[]): number =>
    committedIndex({ voters: incoming, votersOutgoing: other }, acked);
  if (outgoing !== undefined) {
    const index = both(voters, outgoing);
    return (
      chart([...new Set([...voters, ...outgoing])], acked) +
      differs(index, both(outgoing, voters), 'symmetry') +
      shown(index)
    );
  }
  const index = majorityIndex(voters, acked);
  const parts = [
    chart(voters, acked),
    differs(index, byCounting(voters, acked), 'alternative computation'),
    differs(index, both(voters, []), 'zero-joint quorum'),
    differs(index, both(voters, voters), 'self-joint quorum'),
    ...voters.map((id) => lowered(voters, acked, id, index)),
  ];
  return parts.join('') + shown(index);
}

/** Lowering an index that lies below the result must not change it. */
function lowered(voters: readonly NodeId[], acked: Acked, id: NodeId, index: number): string {
  const own = acked.ackedIndex(id) ?? 0;
  if (own === 0 || own >= index) return '';
  const results = [own - 1, 0].map((value) =>
    majorityIndex(voters, new Acked(new Map(acked.of).set(id, value))),
  );
  return results.map((result) => differs(index, result, `lowering ${id}`)).join('');
}

/** The result by definition: the highest index that more than half of the voters have. */
function byCounting(voters: readonly NodeId[], acked: Acked): number {
  if (voters.length === 0) return Infinity;
  const indexes = voters.map((id) => acked.ackedIndex(id) ?? 0);
  const agreed = indexes.filter(
    (index) => indexes.filter((other) => other >= index).length * 2 > voters.length,
  );
  return Math.max(0, ...agreed);
}

function vote(
  voters: readonly NodeId[],
  outgoing: readonly NodeId[] | undefined,
  known: ReadonlyMap<NodeId, string>,
): string {
  const votes = new Map([...known].map(([id, value]) => [id, value === 'y']));
  if (outgoing === undefined) return `${majorityVote(voters, votes)}\n`;
  const result = voteResult({ voters, votersOutgoing: outgoing }, votes);
  const swapped = voteResult({ voters: outgoing, votersOutgoing: voters }, votes);
  return `${swapped === result ? '' : `${swapped} <-- via symmetry\n`}${result}\n`;
}

/** A bar per voter, the longer the more voters are behind it. */
function chart(ids: readonly NodeId[], acked: Acked): string {
  if (ids.length === 0) return '<empty majority quorum>';
  const rows = ids.map((id) => ({ id, index: acked.ackedIndex(id) }));
  const behind = (index: number): number => rows.filter((row) => (row.index ?? 0) < index).length;
  const lines = rows
    .toSorted((a, b) => a.id - b.id)
    .map(({ id, index }) => {
      const bar = index === undefined ? '?' : `${'x'.repeat(behind(index))}>`;
      return `${bar.padEnd(ids.length + 1)} ${String(index ?? 0).padStart(5)}    (id=${id})\n`;
    });
  return `${' '.repeat(ids.length)}    idx\n${lines.join('')}`;
}

function differs(index: number, other: number, how: string): string {
  return index === other ? '' : `${text(other)} <-- via ${how}\n`;
}

function shown(index: number): string {
  return `${text(index)}\n`;
}

function text(index: number): string {
  return index === Infinity ? '∞' : String(index);
}

function valuesOf(args: readonly Argument[], key: string): readonly string[] | undefined {
  return args.find((arg) => arg.key === key)?.values;
}

function idsOf(args: readonly Argument[], key: string): NodeId[] {
  return (valuesOf(args, key) ?? []).map(Number);
}
