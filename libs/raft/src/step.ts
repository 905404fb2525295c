/**
 * What every message goes through first, whatever the role: the rules of terms (Raft §5.1), then votes and
 * the own disk's answers, then the role.
 */
import { stepCandidate } from './candidate.ts';
import { campaign, castVote, inLease, learnCommitted } from './election.ts';
import { stepFollower } from './follower.ts';
import { stepLeader } from './leader.ts';
import { applied, appliedSnapshot } from './membership-change.ts';
import { newMessage, NONE, type Message } from './message.ts';
import type { Raft, StepOutcome } from './raft.ts';

export function step(raft: Raft, message: Message): StepOutcome {
  if (message.reject && isVoteAnswer(message)) learnCommitted(raft, message);
  if (message.term > raft.term && !followsHigherTerm(raft, message)) return 'accepted';
  if (message.term !== 0 && message.term < raft.term) {
    answerLowerTerm(raft, message);
    return 'accepted';
  }
  switch (message.type) {
    case 'MsgHup':
      campaign(raft, raft.options.preVote ? 'pre-election' : 'election');
      return 'accepted';
    case 'MsgVote':
    case 'MsgPreVote':
      castVote(raft, message);
      return 'accepted';
    case 'MsgStorageAppendResp':
      if (message.index !== 0) raft.log.unstable.stableTo(message.index, message.logTerm);
      if (message.snapshot !== undefined) appliedSnapshot(raft, message.snapshot);
      return 'accepted';
    case 'MsgStorageApplyResp':
      applied(raft, message.entries);
      return 'accepted';
    default:
      return stepRole(raft, message);
  }
}

function stepRole(raft: Raft, message: Message): StepOutcome {
  switch (raft.role) {
    case 'StateLeader':
      return stepLeader(raft, message);
    case 'StateFollower':
      return stepFollower(raft, message);
    case 'StateCandidate':
    case 'StatePreCandidate':
      return stepCandidate(raft, message);
  }
}

function isVoteAnswer({ type }: Message): boolean {
  return type === 'MsgVoteResp' || type === 'MsgPreVoteResp';
}

/** A higher term makes a follower of everybody. @returns false when the message goes no further. */
function followsHigherTerm(raft: Raft, { type, from, term, reject, transfer }: Message): boolean {
  switch (type) {
    case 'MsgPreVote':
      return transfer || !inLease(raft);
    case 'MsgVote':
      // A node that hears of its leader neither votes nor follows: whoever asks was only cut off.
      if (!transfer && inLease(raft)) return false;
      raft.becomeFollower(term, NONE);
      return true;
    case 'MsgPreVoteResp':
      // A granted pre-vote names the term that was asked for, a refused one the term of who refused.
      if (reject) raft.becomeFollower(term, NONE);
      return true;
    case 'MsgApp':
    case 'MsgHeartbeat':
    case 'MsgSnap':
      raft.becomeFollower(term, from);
      return true;
    default:
      raft.becomeFollower(term, NONE);
      return true;
  }
}

/** Messages of an old term change nothing; some deserve an answer, or their sender would be stuck. */
function answerLowerTerm(raft: Raft, message: Message): void {
  const { checkQuorum, preVote } = raft.options;
  switch (message.type) {
    case 'MsgHeartbeat':
    case 'MsgApp':
      // Votes alone may not bring an old leader up to date when they are refused within a lease.
      if (checkQuorum || preVote) raft.send(newMessage('MsgAppResp', raft.id, message.from));
      return;
    case 'MsgPreVote': {
      const refusal = newMessage('MsgPreVoteResp', raft.id, message.from, raft.term);
      refusal.reject = true;
      raft.send(refusal);
      return;
    }
    case 'MsgStorageAppendResp':
      // Entries of an old term may have been replaced since; a snapshot holds for every term.
      if (message.snapshot !== undefined) appliedSnapshot(raft, message.snapshot);
      return;
    default:
      return;
  }
}
