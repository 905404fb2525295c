/** A leader: takes proposals, replicates them, keeps its followers from campaigning. */
import { broadcastHeartbeat, handleRead, handleRoundConfirmed } from './leader-reads.ts';
import { NONE, type Message } from './message.ts';
import type { Progress } from './progress.ts';
import { propose } from './proposal.ts';
import type { Raft, StepOutcome } from './raft.ts';
import { handleAppendResponse, sendAppend } from './replication.ts';
import { transferLeadership } from './transfer.ts';

export function stepLeader(raft: Raft, message: Message): StepOutcome {
  switch (message.type) {
    case 'MsgBeat':
      broadcastHeartbeat(raft);
      return 'accepted';
    case 'MsgCheckQuorum':
      checkQuorum(raft);
      return 'accepted';
    case 'MsgProp':
      return propose(raft, message.entries);
    case 'MsgReadIndex':
      return handleRead(raft, message);
    default: {
      const progress = raft.tracker.get(message.from);
      if (progress !== undefined) stepMember(raft, progress, message);
      return 'accepted';
    }
  }
}

/** Messages that say something of a member. */
function stepMember(raft: Raft, progress: Progress, message: Message): void {
  switch (message.type) {
    case 'MsgAppResp':
      handleAppendResponse(raft, progress, message);
      return;
    case 'MsgHeartbeatResp':
      handleHeartbeatResponse(raft, progress, message);
      return;
    case 'MsgSnapStatus':
      handleSnapshotStatus(progress, message);
      return;
    case 'MsgUnreachable':
      // What was sent is probably lost, so ask before sending more.
      if (progress.state === 'StateReplicate') progress.becomeProbe();
      return;
    case 'MsgTransferLeader':
      transferLeadership(raft, message.from, progress);
      return;
    default:
      return;
  }
}

function handleHeartbeatResponse(raft: Raft, progress: Progress, message: Message): void {
  progress.recentActive = true;
  progress.paused = false;
  // Also into a full window: if all in it was lost, this is what finds out.
  if (progress.match < raft.log.lastIndex || progress.state === 'StateProbe') sendAppend(raft, message.from);
  if (message.readRound > 0) handleRoundConfirmed(raft, message);
}

function handleSnapshotStatus(progress: Progress, { reject }: Message): void {
  if (progress.state !== 'StateSnapshot') return;
  if (reject) progress.pendingSnapshot = 0;
  progress.becomeProbe();
  // Wait for its answer to the snapshot, or for the next heartbeat if it failed.
  progress.paused = true;
}

/** Steps down without a majority, and begins to listen anew. */
function checkQuorum(raft: Raft): void {
  if (!raft.tracker.quorumActive()) raft.becomeFollower(raft.term, NONE);
  for (const id of raft.tracker.ids) {
    const progress = raft.tracker.get(id);
    if (progress !== undefined && id !== raft.id) progress.recentActive = false;
  }
}
