/** A follower: takes over the leader's log, passes on what only the leader can answer. */
import { campaign } from './election.ts';
import { newMessage, NONE, type Message } from './message.ts';
import type { Raft, StepOutcome } from './raft.ts';

export function stepFollower(raft: Raft, message: Message): StepOutcome {
  switch (message.type) {
    case 'MsgApp':
      follow(raft, message);
      handleAppend(raft, message);
      return 'accepted';
    case 'MsgHeartbeat':
      follow(raft, message);
      handleHeartbeat(raft, message);
      return 'accepted';
    case 'MsgSnap':
      follow(raft, message);
      handleSnapshot(raft, message);
      return 'accepted';
    case 'MsgProp':
      return raft.options.disableProposalForwarding ? 'dropped' : passOn(raft, message);
    case 'MsgTransferLeader':
    case 'MsgReadIndex':
      return passOn(raft, message);
    case 'MsgReadIndexResp': {
      const [request] = message.entries;
      if (request !== undefined) raft.readStates.push({ index: message.index, context: request.data });
      return 'accepted';
    }
    case 'MsgForgetLeader':
      // A lease may rest on this node's word that it hears of its leader.
      if (raft.options.readOnly !== 'lease-based') raft.lead = NONE;
      return 'accepted';
    case 'MsgTimeoutNow':
      // The leader has asked for it, so nobody needs to be asked first.
      campaign(raft, 'transfer');
      return 'accepted';
    default:
      return 'accepted';
  }
}

/** Takes over entries, or says where the logs may agree (Raft §5.3). */
export function handleAppend(raft: Raft, message: Message): void {
  const { log } = raft;
  const answer = newMessage('MsgAppResp', raft.id, message.from);
  if (message.index < log.committed) {
    answer.index = log.committed;
  } else {
    const agreed = log.appendAfter(message.index, message.logTerm, message.entries, message.commit);
    answer.index = agreed ?? message.index;
    if (agreed === undefined) {
      // All of the leader's terms up to there are at most this one, so ours above it can be skipped at once.
      const guess = log.agreementGuess(Math.min(message.index, log.lastIndex), message.logTerm);
      answer.reject = true;
      answer.rejectHint = guess.index;
      answer.logTerm = guess.term;
    }
  }
  raft.send(answer);
}

export function handleHeartbeat(raft: Raft, message: Message): void {
  raft.log.commitTo(message.commit);
  const answer = newMessage('MsgHeartbeatResp', raft.id, message.from);
  answer.readRound = message.readRound;
  raft.send(answer);
}

/** Takes over a snapshot in place of the log, or says how far the own log is when that is further. */
export function handleSnapshot(raft: Raft, message: Message): void {
  const restored = restore(raft, message);
  const answer = newMessage('MsgAppResp', raft.id, message.from);
  answer.index = restored ? raft.log.lastIndex : raft.log.committed;
  raft.send(answer);
}

/** A node that joined after the snapshot was taken is not in it; the entries that follow will name it. */
function restore(raft: Raft, { snapshot }: Message): boolean {
  const { log } = raft;
  if (snapshot === undefined || snapshot.index <= log.committed) return false;
  // A membership change among what is being applied would come on top of the snapshot's membership.
  if (log.applying > log.applied) return false;
  if (log.matches(snapshot.index, snapshot.term)) {
    log.commitTo(snapshot.index);
    return false;
  }
  log.restore(snapshot);
  raft.adopt(snapshot.confState);
  return true;
}

function follow(raft: Raft, { from }: Message): void {
  raft.electionElapsed = 0;
  raft.lead = from;
}

function passOn(raft: Raft, message: Message): StepOutcome {
  if (raft.lead === NONE) return 'dropped';
  raft.send({ ...message, from: message.from === NONE ? raft.id : message.from, to: raft.lead });
  return 'accepted';
}
