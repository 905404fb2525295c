/**
 * Membership changes at work (Raft §6, thesis §4): what happens when one is applied, and how a joint
 * configuration is left. A change counts from when it is *applied*, not, as in the paper, from when it is
 * written; proposal.ts keeps a second one from being written before that.
 */
import { encodeConfChange, LEAVE_JOINT, type ConfChange, type ConfChangeV2 } from './conf-change.ts';
import { encodedBytes } from './entry-size.ts';
import { changeMembership } from './membership.ts';
import { NONE, type ConfState, type Entry, type Snapshot } from './message.ts';
import { propose } from './proposal.ts';
import type { Raft } from './raft.ts';
import { releaseEarlyReads } from './leader-reads.ts';
import { broadcastAppend, maybeCommit, maybeSendAppend } from './replication.ts';

/** Switches to the configuration after `change`. @throws {Fault} `failed_precondition` if there is none. */
export function applyConfChange(raft: Raft, change: ConfChange | ConfChangeV2): ConfState {
  const { tracker } = raft;
  tracker.change(changeMembership(tracker.confState, change), raft.log.lastIndex);
  const own = tracker.get(raft.id);
  if (!raft.isLeader()) return tracker.confState;
  if (own === undefined || own.isLearner) {
    if (raft.options.stepDownOnRemoval) raft.becomeFollower(raft.term, NONE);
    return tracker.confState;
  }
  // A smaller majority may have what the larger one had not; new members should not wait for a heartbeat.
  if (maybeCommit(raft)) {
    releaseEarlyReads(raft);
    broadcastAppend(raft);
  } else {
    for (const id of tracker.ids) if (id !== raft.id) maybeSendAppend(raft, id, false);
  }
  if (!tracker.isVoter(raft.leadTransferee)) raft.leadTransferee = NONE;
  return tracker.confState;
}

/** The application has applied `entries`. */
export function applied(raft: Raft, entries: readonly Entry[]): void {
  const last = entries.at(-1);
  if (last === undefined) return;
  appliedTo(raft, last.index, encodedBytes(entries));
  raft.freeUncommitted(entries);
}

/** The own disk has the snapshot, and the application its state. */
export function appliedSnapshot(raft: Raft, { index }: Snapshot): void {
  raft.log.unstable.stableSnapshotTo(index);
  appliedTo(raft, index, 0);
}

function appliedTo(raft: Raft, index: number, bytes: number): void {
  const { log } = raft;
  log.appliedTo(Math.max(index, log.applied), bytes);
  leaveJointIfDue(raft);
}

/** Proposes to leave a joint configuration that ends by itself, as soon as it is applied. */
export function leaveJointIfDue(raft: Raft): void {
  const { autoLeave } = raft.tracker.confState;
  if (!autoLeave || raft.log.applied < raft.pendingConfIndex || !raft.isLeader()) return;
  // Dropped while leadership is being handed over; when that has failed, or with the next entry, it is due
  // still.
  propose(raft, [encodeConfChange(LEAVE_JOINT)]);
}
