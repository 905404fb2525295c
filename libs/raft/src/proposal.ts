/** What a leader takes into its log. */
import { asV2, decodeConfChange, type ConfChange, type ConfChangeV2 } from './conf-change.ts';
import { isJoint } from './membership.ts';
import { NO_DATA, NONE, type Entry } from './message.ts';
import type { Raft, StepOutcome } from './raft.ts';
import { broadcastAppend } from './replication.ts';

/** An entry that has no place in the log yet. */
export type Proposal = Pick<Entry, 'type' | 'data'>;

/**
 * Appends `proposals` and sends them out. Dropped while leadership is being handed over, after this node was
 * removed, and when too much waits to be committed.
 */
export function propose(raft: Raft, proposals: readonly Proposal[]): StepOutcome {
  if (raft.tracker.get(raft.id) === undefined || raft.leadTransferee !== NONE) return 'dropped';
  const from = raft.log.lastIndex + 1;
  const checked = proposals.map((proposal, i) => checkedChange(raft, proposal, from + i));
  if (!raft.appendOwn(checked)) return 'dropped';
  broadcastAppend(raft);
  return 'accepted';
}

/**
 * Whether a change may not be made now. One at a time may be unapplied, or two of them could have majorities
 * that do not meet; and a joint configuration must be left before it is changed.
 */
export function refusesChange(raft: Raft, change: ConfChange | ConfChangeV2): boolean {
  if (raft.options.disableConfChangeValidation) return false;
  if (raft.pendingConfIndex > raft.log.applied) return true;
  const leaves = asV2(change).changes.length === 0;
  return isJoint(raft.tracker.confState) !== leaves;
}

/** The entry to append at `index`: what was proposed, or an empty one for a change that is refused. */
function checkedChange(raft: Raft, proposal: Proposal, index: number): Proposal {
  const change = decodeConfChange(proposal);
  if (change === undefined) return proposal;
  if (refusesChange(raft, change)) return { type: 'EntryNormal', data: NO_DATA };
  raft.pendingConfIndex = index;
  return proposal;
}
