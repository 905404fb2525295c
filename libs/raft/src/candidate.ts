/** A candidate, or a pre-candidate: counts votes until it wins, loses or hears of a leader. */
import { requestVotes } from './election.ts';
import { handleAppend, handleHeartbeat, handleSnapshot } from './follower.ts';
import { NONE, type Message } from './message.ts';
import type { Raft, StepOutcome } from './raft.ts';
import { broadcastAppend } from './replication.ts';

export function stepCandidate(raft: Raft, message: Message): StepOutcome {
  switch (message.type) {
    case 'MsgApp':
      raft.becomeFollower(raft.term, message.from);
      handleAppend(raft, message);
      return 'accepted';
    case 'MsgHeartbeat':
      raft.becomeFollower(raft.term, message.from);
      handleHeartbeat(raft, message);
      return 'accepted';
    case 'MsgSnap':
      raft.becomeFollower(raft.term, message.from);
      handleSnapshot(raft, message);
      return 'accepted';
    case 'MsgVoteResp':
      if (raft.role === 'StateCandidate') countVote(raft, message);
      return 'accepted';
    case 'MsgPreVoteResp':
      // A candidate may still get answers to the pre-vote that it has won already.
      if (raft.role === 'StatePreCandidate') countVote(raft, message);
      return 'accepted';
    case 'MsgProp':
    case 'MsgReadIndex':
      return 'dropped';
    default:
      return 'accepted';
  }
}

function countVote(raft: Raft, { from, reject }: Message): void {
  const { tracker } = raft;
  tracker.recordVote(from, !reject);
  switch (tracker.tally().result) {
    case 'VotePending':
      return;
    case 'VoteWon':
      if (!raft.promotable) {
        // It has learned meanwhile that it belongs to the group no longer, or has no vote in it.
        raft.becomeFollower(raft.term, NONE);
      } else if (raft.role === 'StatePreCandidate') {
        requestVotes(raft, 'election');
      } else if (tracker.hasVoted(raft.id)) {
        // Not before: a node that lost its own vote in a crash could be elected by the others in the same
        // term once more, and give an index of that term a second time to something else.
        raft.becomeLeader();
        broadcastAppend(raft);
      }
      return;
    case 'VoteLost':
      raft.becomeFollower(raft.term, NONE);
  }
}
