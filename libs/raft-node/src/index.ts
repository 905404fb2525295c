export type { LogRecord, LogStore } from './log-store.ts';
export { SegmentLog, type SegmentLogOptions } from './segment-log.ts';
export { MemoryLog } from './memory-log.ts';
export { SingleNode, type Proposed, type SingleNodeOptions } from './single-node.ts';
export { SnapshotStore, type Snapshot } from './snapshot-store.ts';
export type { Disk, DiskFile } from './disk.ts';
export { nodeDisk } from './node-disk.ts';
