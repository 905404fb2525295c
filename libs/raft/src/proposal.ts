/** What a leader takes into its log. */
import { Fault } from '@ringwatch/kernel';
import { asV2, decodeConfChange, type ConfChange, type ConfChangeV2 } from './conf-change.ts';
import { changeMembership, isJoint } from './membership.ts';
import { NO_DATA, NONE, type Entry } from './message.ts';
import type { Raft, StepOutcome } from './raft.ts';
import { broadcastAppend } from './replication.ts';

/** An entry that has no place in the log yet. */
export type Proposal = Pick<Entry, 'type' | 'data'>;

const REFUSED: Proposal = { type: 'EntryNormal', data: NO_DATA };

/**
 * Appends `proposals` and sends them out. Dropped while leadership is being handed over, after this node was
 * removed, and when too much waits to be committed.
 */
export function propose(raft: Raft, proposals: readonly Proposal[]): StepOutcome {
  if (raft.tracker.get(raft.id) === undefined || raft.leadTransferee !== NONE) return 'dropped';
  const { pendingConfIndex } = raft;
  const plain = proposals.every(({ type }) => type === 'EntryNormal');
  if (!raft.appendOwn(plain ? proposals : checked(raft, proposals))) {
    raft.pendingConfIndex = pendingConfIndex;
    return 'dropped';
  }
  broadcastAppend(raft);
  return 'accepted';
}

/**
 * Whether a change may not be made now. One at a time may be unapplied, or two of them could have majorities
 * that do not meet; a joint configuration must be left before it is changed; and what could not be applied
 * must not be written, or every node would stumble over it.
 */
export function refusesChange(raft: Raft, change: ConfChange | ConfChangeV2): boolean {
  if (raft.options.disableConfChangeValidation) return false;
  if (raft.pendingConfIndex > raft.log.applied) return true;
  const { confState } = raft.tracker;
  if (isJoint(confState) !== (asV2(change).changes.length === 0)) return true;
  return unlessFault(() => changeMembership(confState, change)) === undefined;
}

/** The entries to append: what was proposed, with an empty one in place of a change that is refused. */
function checked(raft: Raft, proposals: readonly Proposal[]): Proposal[] {
  const from = raft.log.lastIndex + 1;
  return proposals.map((proposal, i) => {
    if (proposal.type === 'EntryNormal') return proposal;
    const change = unlessFault(() => decodeConfChange(proposal));
    if (change === undefined || refusesChange(raft, change)) return REFUSED;
    raft.pendingConfIndex = from + i;
    return proposal;
  });
}

function unlessFault<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
