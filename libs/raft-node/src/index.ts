export type { LogRecord, LogStore } from './single-node/log-store.ts';
export { SegmentLog, type SegmentLogOptions } from './single-node/segment-log.ts';
export { MemoryLog } from './single-node/memory-log.ts';
export { SingleNode, type Proposed, type SingleNodeOptions } from './single-node/single-node.ts';
export { SnapshotStore, type Snapshot } from './single-node/snapshot-store.ts';
export type { Disk, DiskFile } from './single-node/disk.ts';
export { nodeDisk } from './single-node/node-disk.ts';
export { Wal } from './wal/wal.ts';
export type { WalOptions, WalStats } from './wal/wal-options.ts';
export type { GroupLog } from './wal/group-log.ts';
export type { SnapshotMeta } from './wal/wal-section.ts';
export type { LogDisk, LogFile } from './wal/log-disk.ts';
export { nodeLogDisk } from './wal/node-log-disk.ts';
export { MultiRaft, type MultiRaftOptions } from './multi-raft.ts';
export { RaftGroup } from './group/raft-group.ts';
export type { GroupStats } from './group/group-context.ts';
export type { GroupOptions } from './group/group-options.ts';
export type { TimingOptions } from './timing.ts';
export type { LogPosition, Proposal } from './group/proposals.ts';
export type { Reader } from './group/reads.ts';
export type { StateMachine } from './group/state-machine.ts';
export { readSnapshot, snapshotOf } from './group/snapshot-source.ts';
export { SnapshotFiles } from './group/snapshot-files.ts';
export type {
  GroupId,
  GroupMessage,
  PeerHandler,
  PeerTransport,
  SnapshotSink,
  SnapshotSource,
} from './peers/peer-transport.ts';
export { MemoryHub, type MemoryTransport, type Schedule } from './peers/memory-transport.ts';
export { TcpTransport, type TcpTransportOptions } from './peers/tcp-transport.ts';
export type { PeerCounters } from './peers/peer-dialer.ts';
export { RaftThread, type RaftThreadOptions } from './thread/raft-thread.ts';
export { ThreadGroup, type ThreadGroupOptions } from './thread/thread-group.ts';
