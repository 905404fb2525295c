import type { Entry } from '@ringwatch/raft';
import type { SnapshotSource } from '../peers/peer-transport.ts';

/**
 * What a group's log is for: the application's state, as a port. The driver makes one call at a time and
 * goes on when it is answered, so a slow one holds back its own group and nobody else.
 *
 * 1. `apply` sees every committed entry with data once, in order, the same on every replica; membership
 *    changes and empty entries are not shown. After a restart it begins after the newest snapshot.
 * 2. What `snapshot` returns is the state after the last entry applied, however long it takes to read.
 */
export interface StateMachine {
  /** Applies `entries`; `done` may be called before this returns. Must not throw: its bugs crash. */
  apply(entries: readonly Entry[], done: () => void): void;
  /** The state now. */
  snapshot(done: (source: SnapshotSource) => void): void;
  /** Replaces the state by the one of a snapshot after the entry at `index`. */
  restore(index: number, source: SnapshotSource, done: () => void): void;
}
