/** Why a group does not take what it is asked; it is certain that nothing came of it. */
import { Fault } from '@ringwatch/kernel';
import { NONE, type NodeId } from '@ringwatch/raft';

/** Nothing was taken; the message names the leader if there is one. */
export function notLeader(lead: NodeId): Fault {
  const message = lead === NONE ? 'the group has no leader' : `the leader is node ${lead}`;
  return new Fault('unavailable', message, { reason: lead === NONE ? 'no_leader' : 'not_leader' });
}

/** A change of the members now could make majorities that do not meet. */
export function changePending(): Fault {
  return new Fault('failed_precondition', 'another change of the members is not applied yet, or not left', {
    reason: 'change_pending',
  });
}

/** Nothing was taken; the same may be tried again soon. */
export function busy(message: string, reason = 'raft_busy'): Fault {
  return new Fault('unavailable', message, { reason, retryAfterMs: 100 });
}
