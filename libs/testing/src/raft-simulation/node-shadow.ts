/**
 * What the invariants know of one node from having watched it: its log as it is durable, and its promises.
 */
import type { ConfState, Entry, NodeId } from '@ringwatch/raft';

/** What a node has written, as far as it is durable, and what it has promised to others. */
export interface Shadow {
  terms: number[];
  last: number;
  durableTerms: number[];
  durableLast: number;
  staged: Change[];
  /** First index that is being written, in the flush under way and after it; Infinity when none is. */
  flushingFrom: number;
  stagedFrom: number;
  /** Another node's snapshot up to here was taken over; its state may be used before it is durable here. */
  received: number;
  acknowledged: { readonly index: number; readonly term: number };
  voted: { readonly term: number; readonly vote: NodeId };
  term: number;
  committed: number;
  applied: number;
  /** The configuration when the commit index moved last, and the one after what was applied last. */
  confState: ConfState | undefined;
  members: ConfState | undefined;
}

/** What is on its way to the disk. */
export type Change =
  | { readonly kind: 'append'; readonly entries: readonly Entry[] }
  | { readonly kind: 'snapshot'; readonly index: number; readonly term: number };

/** A change has come to the disk. */
export function makeDurable(shadow: Shadow, change: Change): void {
  if (change.kind === 'snapshot') {
    if (change.index > shadow.durableLast) shadow.durableTerms = [];
    shadow.durableTerms.length = change.index;
    shadow.durableTerms[change.index] = change.term;
    shadow.durableLast = change.index;
    return;
  }
  for (const { index, term } of change.entries) {
    shadow.durableTerms[index] = term;
    shadow.durableLast = index;
  }
  shadow.durableTerms.length = shadow.durableLast + 1;
}

/** Whether a crash would leave the entry. What was compacted away was committed, and all before it. */
export function hasDurably({ durableTerms, durableLast }: Shadow, index: number, term: number): boolean {
  return index <= durableLast && (durableTerms[index] ?? term) === term;
}

/** Whether `voter` would vote for `candidate`, were they to know no more than is durable (Raft §5.4.1). */
export function mayLead(candidate: Shadow, voter: Shadow): boolean {
  const [own, its] = [lastTerm(candidate), lastTerm(voter)];
  return own > its || (own === its && candidate.durableLast >= voter.durableLast);
}

function lastTerm({ durableTerms, durableLast }: Shadow): number {
  return durableTerms[durableLast] ?? 0;
}
