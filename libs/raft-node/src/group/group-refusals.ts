/** Why a group does not take what it is asked; it is certain that nothing came of it. */
import { Fault } from '@ringwatch/kernel';
import { NONE, type NodeId } from '@ringwatch/raft';

/** One for each node that leads, for clients ask followers often and the stack of a fault is dear. */
const notLeaders = new Map<NodeId, Fault>();

/** Nothing was taken; the message names the leader if there is one. */
export function notLeader(lead: NodeId): Fault {
  let fault = notLeaders.get(lead);
  if (fault === undefined) {
    const message = lead === NONE ? 'the group has no leader' : `the leader is node ${lead}`;
    fault = new Fault('unavailable', message, { reason: lead === NONE ? 'no_leader' : 'not_leader' });
    notLeaders.set(lead, fault);
  }
  return fault;
}

/** A change of the members now could make majorities that do not meet. */
export function changePending(): Fault {
  return new Fault('failed_precondition', 'another change of the members is not applied yet, or not left', {
    reason: 'change_pending',
  });
}

/** Nothing was taken. */
export function logFull(): Fault {
  return busy('the log is full until it is compacted', 'log_full');
}

/** It would not fit into a message to a peer, or into the log beside others. */
export function tooLarge(bytes: number, bytesMax: number): Fault {
  return new Fault('invalid_argument', `an entry of ${bytes} bytes, and ${bytesMax} is the most`, {
    reason: 'entry_too_large',
  });
}

/** Nothing was taken; the same may be tried again soon. */
export function busy(message: string, reason = 'raft_busy'): Fault {
  return new Fault('unavailable', message, { reason, retryAfterMs: 100 });
}
