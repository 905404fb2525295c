/**
 * The snapshots of one group: taking them from the state machine, a few chunks a turn so that nobody waits,
 * and handing them to and from other nodes. The log names the snapshot that counts.
 */
import { Fault, toFault, type Logger } from '@ringwatch/kernel';
import type { GroupId, SnapshotSink, SnapshotSource } from '../peers/peer-transport.ts';
import type { SnapshotFiles, SnapshotName } from './snapshot-files.ts';
import type { SnapshotMeta } from '../wal/wal-section.ts';

/** Chunks written from the state machine's snapshot in one turn. */
const CHUNKS_PER_TURN_MAX = 4;

interface Writing {
  readonly meta: SnapshotMeta;
  readonly source: SnapshotSource;
  readonly sink: SnapshotSink;
  readonly done: (meta: SnapshotMeta | undefined) => void;
  finishing: boolean;
}

export class GroupSnapshots {
  #writing: Writing | undefined;

  /** The snapshot that the log names is the one that counts; all others are left from a crash. */
  constructor(
    private readonly group: GroupId,
    private readonly files: SnapshotFiles,
    private readonly logger: Logger,
    current: SnapshotMeta | undefined,
  ) {
    files.remove(group, ({ index, term }) => index !== current?.index || term !== current.term);
  }

  /** True while there is something to write in the next turn. */
  get busy(): boolean {
    return this.#writing !== undefined && !this.#writing.finishing;
  }

  has(meta: SnapshotMeta): boolean {
    return this.files.has(this.#name(meta));
  }

  open(meta: SnapshotMeta): SnapshotSource {
    return this.files.open(this.#name(meta));
  }

  /** Takes in a snapshot that another node sends; undefined when there is no room for it. */
  receive(meta: SnapshotMeta): SnapshotSink | undefined {
    try {
      return this.files.create(this.#name(meta));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#tell(error);
      return undefined;
    }
  }

  /** Removes those before `meta`, which the log names durably; a younger one may be about to be named. */
  removeBefore(meta: SnapshotMeta): void {
    this.files.remove(this.group, ({ index }) => index < meta.index);
  }

  /** Begins to write the state after `meta.index`; `done` with nothing when it failed. */
  write(meta: SnapshotMeta, source: SnapshotSource, done: Writing['done']): void {
    try {
      this.#writing = { meta, source, sink: this.files.create(this.#name(meta)), done, finishing: false };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#tell(error);
      source.close();
      done(undefined);
    }
  }

  /** Gives up what is being written: the group has stopped. */
  stop(): void {
    const writing = this.#writing;
    this.#writing = undefined;
    if (writing === undefined || writing.finishing) return;
    writing.source.close();
    try {
      writing.sink.abort();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#tell(error);
    }
  }

  /** Writes a few chunks. */
  turn(): void {
    const writing = this.#writing;
    if (writing === undefined || writing.finishing) return;
    try {
      for (let i = 0; i < CHUNKS_PER_TURN_MAX; i++) {
        const chunk = writing.source.next();
        if (chunk === undefined) {
          this.#finish(writing);
          return;
        }
        writing.sink.write(chunk);
      }
    } catch (error) {
      this.#tell(toFault(error));
      writing.sink.abort();
      this.#end(writing, undefined);
    }
  }

  #tell(fault: Fault): void {
    this.logger.error({ group: this.group, fault: fault.message }, 'a snapshot could not be written');
  }

  #finish(writing: Writing): void {
    writing.finishing = true;
    writing.sink.finish((taken) => this.#end(writing, taken ? writing.meta : undefined));
  }

  #end(writing: Writing, meta: SnapshotMeta | undefined): void {
    writing.source.close();
    if (this.#writing !== writing) return;
    this.#writing = undefined;
    writing.done(meta);
  }

  #name({ index, term }: SnapshotMeta): SnapshotName {
    return { group: this.group, index, term };
  }
}
