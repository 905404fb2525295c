/** Handing leadership over (Raft thesis §3.10): bring the other's log up to date, then have it campaign. */
import { NONE, type NodeId } from './message.ts';
import type { Progress } from './progress.ts';
import type { Raft } from './raft.ts';
import { sendAppend } from './replication.ts';

/** Begins a transfer to `to`; while it lasts proposals are dropped, at most for an election timeout. */
export function transferLeadership(raft: Raft, to: NodeId, progress: Progress): void {
  if (progress.isLearner || raft.leadTransferee === to) return;
  raft.leadTransferee = NONE;
  if (to === raft.id) return;
  raft.electionElapsed = 0;
  raft.leadTransferee = to;
  if (progress.match === raft.log.lastIndex) raft.sendTimeoutNow(to);
  else sendAppend(raft, to);
}
