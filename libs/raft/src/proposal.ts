/** What a leader takes into its log. */
import { asV2, decodeConfChange } from './conf-change.ts';
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
 * The entry to append at `index` for a proposed change: itself, or an empty one when it may not be made now.
 * One change at a time may be unapplied, or two of them could have majorities that do not meet.
 */
function checkedChange(raft: Raft, entry: Proposal, index: number): Proposal {
  const change = decodeConfChange(entry);
  if (change === undefined) return entry;
  const leaves = asV2(change).changes.length === 0;
  const pending = raft.pendingConfIndex > raft.log.applied;
  const possible = !pending && isJoint(raft.tracker.confState) === leaves;
  if (!possible && !raft.options.disableConfChangeValidation) {
    return { type: 'EntryNormal', data: NO_DATA };
  }
  raft.pendingConfIndex = index;
  return entry;
}
