/**
 * What Raft nodes tell each other, and what they write down. Names are those of etcd's Raft, so that a trace
 * of one reads like a trace of the other.
 *
 * Every message has every field: one shape for all kinds keeps the hot path monomorphic. A field that a kind
 * does not use is zero, empty or false.
 */

/** Identity of a node in its group: a positive safe integer. */
export type NodeId = number;

/** No node: no leader, no vote. */
export const NONE: NodeId = 0;
/** Where a node sends what must become durable, if it writes asynchronously. */
export const APPEND_THREAD: NodeId = -1;
/** Where a node sends what must be applied, if it writes asynchronously. */
export const APPLY_THREAD: NodeId = -2;

export type EntryType = 'EntryNormal' | 'EntryConfChange' | 'EntryConfChangeV2';

/** One position of the replicated log. */
export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly type: EntryType;
  readonly data: Uint8Array;
}

/** Who belongs to a group; two majorities decide while `votersOutgoing` is not empty. Ids ascend. */
export interface ConfState {
  readonly voters: readonly NodeId[];
  /** Voters of the configuration that a joint one replaces. */
  readonly votersOutgoing: readonly NodeId[];
  /** Nodes that receive the log and do not vote. */
  readonly learners: readonly NodeId[];
  /** Voters of the outgoing configuration that become learners when the joint one is left. */
  readonly learnersNext: readonly NodeId[];
  /** The leader leaves the joint configuration by itself, as soon as it may. */
  readonly autoLeave: boolean;
}

export const EMPTY_CONF_STATE: ConfState = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

/** The state machine after the entry at `index`; what `data` holds is the application's. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
  readonly data: Uint8Array;
}

/** What must survive a crash besides the log (Raft, figure 2: persistent state). */
export interface HardState {
  readonly term: number;
  readonly vote: NodeId;
  readonly commit: number;
}

export const EMPTY_HARD_STATE: HardState = { term: 0, vote: NONE, commit: 0 };

export type Role = 'StateFollower' | 'StateCandidate' | 'StateLeader' | 'StatePreCandidate';

/** What is known of the group without any disk. */
export interface SoftState {
  readonly lead: NodeId;
  readonly role: Role;
}

/** A read that may be served once everything up to `index` is applied. */
export interface ReadState {
  readonly index: number;
  /** As handed in with the request. */
  readonly context: Uint8Array;
}

export type MessageType =
  | 'MsgHup'
  | 'MsgBeat'
  | 'MsgProp'
  | 'MsgApp'
  | 'MsgAppResp'
  | 'MsgVote'
  | 'MsgVoteResp'
  | 'MsgSnap'
  | 'MsgHeartbeat'
  | 'MsgHeartbeatResp'
  | 'MsgUnreachable'
  | 'MsgSnapStatus'
  | 'MsgCheckQuorum'
  | 'MsgTransferLeader'
  | 'MsgTimeoutNow'
  | 'MsgReadIndex'
  | 'MsgReadIndexResp'
  | 'MsgPreVote'
  | 'MsgPreVoteResp'
  | 'MsgStorageAppend'
  | 'MsgStorageAppendResp'
  | 'MsgStorageApply'
  | 'MsgStorageApplyResp'
  | 'MsgForgetLeader';

export interface Message {
  type: MessageType;
  from: NodeId;
  to: NodeId;
  /** Term of the sender; 0 in messages that belong to no term. */
  term: number;
  /** Term of the entry at `index`; in a refused vote, of the one at `commit`. */
  logTerm: number;
  /** Kind by kind: entry before the first one sent, last entry acknowledged or rejected, read index. */
  index: number;
  entries: readonly Entry[];
  commit: number;
  vote: NodeId;
  snapshot: Snapshot | undefined;
  reject: boolean;
  /** In a rejection: where the sender's log may agree with the leader's. */
  rejectHint: number;
  /** In a vote request: leadership is being handed over, so a lease does not count. */
  transfer: boolean;
  /** In heartbeats: the round of reads that the answer confirms; 0 without one. */
  readRound: number;
  /** In messages to the own disk: what to deliver once they are done. */
  responses: readonly Message[];
}

export const NO_ENTRIES: readonly Entry[] = [];
const NO_RESPONSES: readonly Message[] = [];
export const NO_DATA: Uint8Array = new Uint8Array(0);

/** A message with every field that is not given empty. */
export function newMessage(type: MessageType, from: NodeId, to: NodeId, term = 0): Message {
  return {
    type,
    from,
    to,
    term,
    logTerm: 0,
    index: 0,
    entries: NO_ENTRIES,
    commit: 0,
    vote: NONE,
    snapshot: undefined,
    reject: false,
    rejectHint: 0,
    transfer: false,
    readRound: 0,
    responses: NO_RESPONSES,
  };
}

/** True for the messages that a node only ever sends to itself; one from the network is refused. */
export function isLocalMessage(type: MessageType): boolean {
  switch (type) {
    case 'MsgHup':
    case 'MsgBeat':
    case 'MsgUnreachable':
    case 'MsgSnapStatus':
    case 'MsgCheckQuorum':
    case 'MsgStorageAppend':
    case 'MsgStorageAppendResp':
    case 'MsgStorageApply':
    case 'MsgStorageApplyResp':
      return true;
    default:
      return false;
  }
}

/** True for answers, which count only from a node that belongs to the group. */
export function isResponse(type: MessageType): boolean {
  switch (type) {
    case 'MsgAppResp':
    case 'MsgVoteResp':
    case 'MsgHeartbeatResp':
    case 'MsgUnreachable':
    case 'MsgReadIndexResp':
    case 'MsgPreVoteResp':
    case 'MsgStorageAppendResp':
    case 'MsgStorageApplyResp':
      return true;
    default:
      return false;
  }
}

/** True for the pseudo nodes that stand for the own disk and the own state machine. */
export function isStorageThread(id: NodeId): boolean {
  return id === APPEND_THREAD || id === APPLY_THREAD;
}
