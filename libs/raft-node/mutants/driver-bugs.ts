/** Bugs planted in the driver: what is written when, and what is believed of a disk after a crash. */
import type { PlantedBug } from './planted-bug.ts';

export const DRIVER_BUGS: readonly PlantedBug[] = [
  {
    id: '4',
    title: 'a vote is not written down',
    why: 'After a crash a node votes a second time in the same term. hashicorp/raft #661, Xraft #33.',
    edits: [
      {
        file: 'libs/raft-node/src/group/group-writer.ts',
        find: 'log.setHardState({ term, vote, commit }, mustSync);',
        replace: 'log.setHardState({ term, vote: NONE, commit }, mustSync);',
      },
    ],
  },
  {
    id: '13',
    title: 'term, vote and commit index become durable before the entries that came with them',
    why: 'After a crash in between the log ends before its commit index. etcd #8455, #11888, #13929.',
    edits: [
      {
        file: 'libs/raft-node/src/group/group-writer.ts',
        find: [
          'if (snapshot !== undefined) this.#restore(snapshot);',
          'if (entries.length > 0) log.append(entries, true);',
        ].join(' '),
        replace: '',
      },
      {
        file: 'libs/raft-node/src/group/group-writer.ts',
        find: 'if (responses.length > 0) afterDurable(() => this.#answer(responses));',
        replace: `afterDurable(() => {
          if (snapshot !== undefined) this.#restore(snapshot);
          if (entries.length > 0) log.append(entries);
          if (responses.length > 0) afterDurable(() => this.#answer(responses));
        });`,
      },
    ],
  },
  {
    id: '14',
    title: 'a snapshot names the index at which it was asked for, not the one of its state',
    why: 'Entries in between are applied once more after a restart. etcd #13766.',
    edits: [
      {
        file: 'libs/raft-node/src/group/snapshot-taker.ts',
        find: 'applies.snapshot((source) => this.#write(source));',
        replace: `const asked = this.#context.applied();
          applies.snapshot((source) => this.#write(source, asked));`,
      },
      {
        file: 'libs/raft-node/src/group/snapshot-taker.ts',
        find: '#write(source: SnapshotSource): void {',
        replace: '#write(source: SnapshotSource, asked: LogPosition): void {',
      },
      {
        file: 'libs/raft-node/src/group/snapshot-taker.ts',
        find: 'snapshots.write({ ...applied(), confState: confState() }, source,',
        replace: 'snapshots.write({ ...asked, confState: confState() }, source,',
      },
    ],
  },
  {
    id: '21',
    title: 'the log is opened for append behind a torn write',
    why: 'The next replay ends at the torn write and loses what was acknowledged since. cqlite #1390.',
    edits: [
      {
        file: 'libs/raft-node/src/wal/wal-replay.ts',
        find: `const header = bytes.subarray(at, at + FRAME_HEADER_BYTES);
          if (header.length >= 4 && header.readUInt32LE(0) === active.salt)
            active.file.write(Buffer.alloc(header.length), at);`,
        replace: `let end = bytes.length;
          while (end > at && bytes[end - 1] === 0) end--;
          active.usedBytes = Math.ceil(end / 8) * 8;`,
      },
    ],
  },
  {
    id: '22',
    title: 'damage in the middle of the log is taken for a torn write',
    why: 'The log is cut there, and what was committed behind is lost. PAR, FAST 2018.',
    edits: [
      {
        file: 'libs/raft-node/src/wal/wal-replay.ts',
        find: `if (hasFrameAfter(bytes, at, active.salt)) throw active.corrupt(at, 'a damaged frame');`,
        replace: '',
      },
    ],
  },
  {
    id: 'no-sync',
    title: 'the log is written and never synced',
    why: 'Whatever a crash takes was acknowledged: shows that the simulated disk means it.',
    edits: [
      {
        file: 'libs/raft-node/src/wal/wal.ts',
        find: 'segment.file.sync((fault) => {',
        replace: '((synced: (fault?: Fault) => void) => synced())((fault) => {',
      },
    ],
  },
];
