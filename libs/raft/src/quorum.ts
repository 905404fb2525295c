/**
 * What a majority says (Raft §5.2, §5.4) and what two majorities say together in a joint configuration (§6).
 * An empty half of a joint configuration agrees with everything.
 */
import type { NodeId } from './message.ts';

/** Outcome of a vote so far; `pending` while the missing votes can still decide it. */
export type VoteResult = 'VotePending' | 'VoteLost' | 'VoteWon';

/** The voters that decide: one majority, or two while a change is under way. */
export interface Electorate {
  readonly voters: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
}

/** Last index that a voter is known to have; undefined when nothing is known of it. */
export interface AckedIndexer {
  ackedIndex(id: NodeId): number | undefined;
}

const INSERTION_SORTED_MAX = 16;
/** Where small groups are sorted; what lies behind the group is of earlier calls. */
const scratch = new Float64Array(INSERTION_SORTED_MAX);

/** Highest index that a majority of `voters` has; Infinity without voters. */
export function majorityIndex(voters: readonly NodeId[], acked: AckedIndexer): number {
  const count = voters.length;
  if (count === 0) return Infinity;
  const indexes = count > INSERTION_SORTED_MAX ? new Float64Array(count) : scratch;
  for (let i = 0; i < count; i++) indexes[i] = acked.ackedIndex(voters[i] as NodeId) ?? 0;
  ascend(indexes, count);
  return indexes[count - ((count >> 1) + 1)] as number;
}

/** Highest index that both majorities have. */
export function committedIndex({ voters, votersOutgoing }: Electorate, acked: AckedIndexer): number {
  const incoming = majorityIndex(voters, acked);
  if (votersOutgoing.length === 0) return incoming;
  return Math.min(incoming, majorityIndex(votersOutgoing, acked));
}

/** Result of one majority's vote; a voter that is missing in `votes` has not voted. */
export function majorityVote(voters: readonly NodeId[], votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  if (voters.length === 0) return 'VoteWon';
  let granted = 0;
  let missing = 0;
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === undefined) missing++;
    else if (vote) granted++;
  }
  const needed = (voters.length >> 1) + 1;
  if (granted >= needed) return 'VoteWon';
  return granted + missing >= needed ? 'VotePending' : 'VoteLost';
}

/** Result of a vote that needs both majorities: lost as soon as one is lost. */
export function voteResult(
  { voters, votersOutgoing }: Electorate,
  votes: ReadonlyMap<NodeId, boolean>,
): VoteResult {
  const incoming = majorityVote(voters, votes);
  const outgoing = majorityVote(votersOutgoing, votes);
  if (incoming === outgoing) return incoming;
  return incoming === 'VoteLost' || outgoing === 'VoteLost' ? 'VoteLost' : 'VotePending';
}

/** Sorts the first `count` in place; groups are small, and for those insertion beats a call of `sort`. */
function ascend(values: Float64Array, count: number): void {
  if (count > INSERTION_SORTED_MAX) {
    values.sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const value = values[i] as number;
    let at = i;
    for (; at > 0 && (values[at - 1] as number) > value; at--) values[at] = values[at - 1] as number;
    values[at] = value;
  }
}
