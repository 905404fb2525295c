import { leaveJointIfDue } from './membership-change.ts';
import { newMessage, NONE } from './message.ts';
import type { Raft } from './raft.ts';
import { step } from './step.ts';

/** Time passes: a follower may campaign, a leader sends heartbeats and checks that it is still heard. */
export function tick(raft: Raft): void {
  raft.ticks++;
  raft.electionElapsed++;
  if (raft.isLeader()) tickLeader(raft);
  else if (raft.promotable && raft.electionElapsed >= raft.electionTimeout) {
    raft.electionElapsed = 0;
    step(raft, newMessage('MsgHup', raft.id, raft.id));
  }
}

function tickLeader(raft: Raft): void {
  const { electionTicks, heartbeatTicks, checkQuorum } = raft.options;
  raft.heartbeatElapsed++;
  if (raft.electionElapsed >= electionTicks) {
    raft.electionElapsed = 0;
    if (checkQuorum) step(raft, newMessage('MsgCheckQuorum', raft.id, raft.id));
    // A transfer that did not end within an election timeout has failed; the leader leads on.
    raft.leadTransferee = NONE;
    leaveJointIfDue(raft);
  }
  if (raft.isLeader() && raft.heartbeatElapsed >= heartbeatTicks) {
    raft.heartbeatElapsed = 0;
    step(raft, newMessage('MsgBeat', raft.id, raft.id));
  }
}
