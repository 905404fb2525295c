export { RawNode, type Ready, type Refusal, type Status } from './raw-node.ts';
export type { RaftOptions, ReadOnlyOption } from './options.ts';
export type { StepOutcome } from './raft.ts';
export type { Storage } from './storage.ts';
export { MemoryStorage } from './memory-storage.ts';
export {
  APPEND_THREAD,
  APPLY_THREAD,
  EMPTY_CONF_STATE,
  EMPTY_HARD_STATE,
  isStorageThread,
  newMessage,
  NO_DATA,
  NONE,
  type ConfState,
  type Entry,
  type EntryType,
  type HardState,
  type Message,
  type MessageType,
  type NodeId,
  type ReadState,
  type Role,
  type Snapshot,
  type SoftState,
} from './message.ts';
export {
  asV2,
  decodeConfChange,
  encodeConfChange,
  LEAVE_JOINT,
  type ConfChange,
  type ConfChangeSingle,
  type ConfChangeType,
  type ConfChangeV2,
  type Transition,
} from './conf-change.ts';
export {
  changeMembership,
  changeSimply,
  confStateOf,
  enterJoint,
  isJoint,
  leaveJoint,
  memberIds,
  type MembershipChange,
} from './membership.ts';
export { committedIndex, majorityIndex, majorityVote, voteResult, type VoteResult } from './quorum.ts';
export { TRANSITIONS } from './transitions.ts';
export { Tracker, type Tally } from './tracker.ts';
export { Progress, type ProgressState } from './progress.ts';
export type { InflightLimits } from './inflights.ts';
export { encodedBytes, ENTRY_OVERHEAD_BYTES, withinBytes } from './entry-size.ts';
export {
  describeChanges,
  describeConfState,
  describeEntry,
  describeHardState,
  describeMembership,
  describeMessage,
  describeProgress,
  describeReady,
  describeSnapshot,
  describeSoftState,
  quoted,
} from './describe.ts';
