export type { LogRecord, LogStore } from './log-store.ts';
export { SegmentLog, type SegmentLogOptions } from './segment-log.ts';
export { MemoryLog } from './memory-log.ts';
export { SingleNode, type Proposed, type SingleNodeOptions } from './single-node.ts';
export { SnapshotStore, type Snapshot } from './snapshot-store.ts';
export type { Disk, DiskFile } from './disk.ts';
export { nodeDisk } from './node-disk.ts';
export { Wal } from './wal.ts';
export type { WalOptions, WalStats } from './wal-options.ts';
export type { GroupLog } from './group-log.ts';
export type { SnapshotMeta } from './wal-section.ts';
export type { LogDisk, LogFile } from './log-disk.ts';
export { nodeLogDisk } from './node-log-disk.ts';
export { MultiRaft, type MultiRaftOptions } from './multi-raft.ts';
export { RaftGroup } from './raft-group.ts';
export type { GroupStats } from './group-context.ts';
export type { GroupOptions } from './group-options.ts';
export type { TimingOptions } from './timing.ts';
export type { LogPosition, Proposal } from './proposals.ts';
export type { Reader } from './reads.ts';
export type { StateMachine } from './state-machine.ts';
export { readSnapshot, snapshotOf } from './snapshot-source.ts';
export { SnapshotFiles } from './snapshot-files.ts';
export type {
  GroupId,
  GroupMessage,
  PeerHandler,
  PeerTransport,
  SnapshotSink,
  SnapshotSource,
} from './peer-transport.ts';
export { MemoryHub, type MemoryTransport, type Schedule } from './memory-transport.ts';
export { TcpTransport, type TcpTransportOptions } from './tcp-transport.ts';
export type { PeerCounters } from './peer-dialer.ts';
export { RaftThread, type RaftThreadOptions } from './raft-thread.ts';
export { ThreadGroup, type ThreadGroupOptions } from './thread-group.ts';
