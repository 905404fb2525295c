import {
  EMPTY_CONF_STATE,
  NO_DATA,
  type ConfState,
  type Entry,
  type HardState,
  type Snapshot,
  type Storage,
} from '@ringwatch/raft';
import type { GroupLog } from '../wal/group-log.ts';

/**
 * A group's log as the core reads it. Snapshots carry no data here: the state lies in a file, and the driver
 * sends that.
 */
export class GroupStorage implements Storage {
  constructor(
    private readonly log: GroupLog,
    /** Whether the state of the newest snapshot is on disk; asks for one to be taken when it is not. */
    private readonly hasState: () => boolean,
  ) {}

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    const { hardState, snapshotMeta } = this.log;
    return { hardState, confState: snapshotMeta?.confState ?? EMPTY_CONF_STATE };
  }

  firstIndex(): number {
    return this.log.firstIndex;
  }

  lastIndex(): number {
    return this.log.lastIndex;
  }

  term(index: number): number | undefined {
    return this.log.term(index);
  }

  entries(from: number, to: number, bytesMax: number): readonly Entry[] | undefined {
    return this.log.entries(from, to, bytesMax);
  }

  snapshot(): Snapshot | undefined {
    const { snapshotMeta } = this.log;
    if (snapshotMeta === undefined || !this.hasState()) return undefined;
    return { ...snapshotMeta, data: NO_DATA };
  }
}
