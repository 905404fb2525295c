/**
 * What a node may become by each message: the roles of figure 4 of the Raft paper, and pre-candidates. The
 * compiler refuses a missing cell; transitions.spec.ts takes random walks, which never leave the table and
 * come by all of it. Simulations use it as an invariant.
 *
 * 1. Only what a node does of itself, or an answer it has asked for, makes it a candidate or a leader. All
 *    that comes unasked can at most make it a follower, by a higher term.
 * 2. A leader becomes nothing but a follower.
 * 3. One transition comes without a message: a leader that applies its own removal, with `stepDownOnRemoval`.
 */
import type { MessageType, Role } from './message.ts';

const follower = 'StateFollower';
const preCandidate = 'StatePreCandidate';
const candidate = 'StateCandidate';
const leader = 'StateLeader';

/** Roles that may follow, by role and message; none where that role never gets that message. */
export const TRANSITIONS: Readonly<Record<Role, Readonly<Record<MessageType, readonly Role[]>>>> = {
  StateFollower: {
    MsgHup: [follower, preCandidate, candidate],
    MsgBeat: [],
    MsgProp: [follower],
    MsgApp: [follower],
    MsgAppResp: [follower],
    MsgVote: [follower],
    MsgVoteResp: [follower],
    MsgSnap: [follower],
    MsgHeartbeat: [follower],
    MsgHeartbeatResp: [follower],
    MsgUnreachable: [follower],
    MsgSnapStatus: [follower],
    MsgCheckQuorum: [],
    MsgTransferLeader: [follower],
    MsgTimeoutNow: [follower, candidate],
    MsgReadIndex: [follower],
    MsgReadIndexResp: [follower],
    MsgPreVote: [follower],
    MsgPreVoteResp: [follower],
    MsgStorageAppend: [],
    MsgStorageAppendResp: [follower],
    MsgStorageApply: [],
    MsgStorageApplyResp: [follower],
    MsgForgetLeader: [follower],
  },
  StatePreCandidate: {
    MsgHup: [preCandidate],
    MsgBeat: [],
    MsgProp: [preCandidate],
    MsgApp: [preCandidate, follower],
    MsgAppResp: [preCandidate, follower],
    MsgVote: [preCandidate, follower],
    MsgVoteResp: [preCandidate, follower],
    MsgSnap: [preCandidate, follower],
    MsgHeartbeat: [preCandidate, follower],
    MsgHeartbeatResp: [preCandidate, follower],
    MsgUnreachable: [preCandidate],
    MsgSnapStatus: [preCandidate],
    MsgCheckQuorum: [],
    MsgTransferLeader: [preCandidate],
    MsgTimeoutNow: [preCandidate],
    MsgReadIndex: [preCandidate],
    MsgReadIndexResp: [preCandidate, follower],
    MsgPreVote: [preCandidate],
    MsgPreVoteResp: [preCandidate, candidate, follower],
    MsgStorageAppend: [],
    MsgStorageAppendResp: [preCandidate],
    MsgStorageApply: [],
    MsgStorageApplyResp: [preCandidate],
    MsgForgetLeader: [preCandidate],
  },
  StateCandidate: {
    MsgHup: [candidate, preCandidate],
    MsgBeat: [],
    MsgProp: [candidate],
    MsgApp: [candidate, follower],
    MsgAppResp: [candidate, follower],
    MsgVote: [candidate, follower],
    MsgVoteResp: [candidate, leader, follower],
    MsgSnap: [candidate, follower],
    MsgHeartbeat: [candidate, follower],
    MsgHeartbeatResp: [candidate, follower],
    MsgUnreachable: [candidate],
    MsgSnapStatus: [candidate],
    MsgCheckQuorum: [],
    MsgTransferLeader: [candidate],
    MsgTimeoutNow: [candidate],
    MsgReadIndex: [candidate],
    MsgReadIndexResp: [candidate, follower],
    MsgPreVote: [candidate],
    MsgPreVoteResp: [candidate, follower],
    MsgStorageAppend: [],
    MsgStorageAppendResp: [candidate],
    MsgStorageApply: [],
    MsgStorageApplyResp: [candidate],
    MsgForgetLeader: [candidate],
  },
  StateLeader: {
    MsgHup: [leader],
    MsgBeat: [leader],
    MsgProp: [leader],
    MsgApp: [leader, follower],
    MsgAppResp: [leader, follower],
    MsgVote: [leader, follower],
    MsgVoteResp: [leader, follower],
    MsgSnap: [leader, follower],
    MsgHeartbeat: [leader, follower],
    MsgHeartbeatResp: [leader, follower],
    MsgUnreachable: [leader],
    MsgSnapStatus: [leader],
    MsgCheckQuorum: [leader, follower],
    MsgTransferLeader: [leader],
    MsgTimeoutNow: [leader],
    MsgReadIndex: [leader],
    MsgReadIndexResp: [leader, follower],
    MsgPreVote: [leader],
    MsgPreVoteResp: [leader, follower],
    MsgStorageAppend: [],
    MsgStorageAppendResp: [leader],
    MsgStorageApply: [],
    MsgStorageApplyResp: [leader],
    MsgForgetLeader: [leader],
  },
};
