/** Bugs planted in the core: elections, commitment, membership, reads. */
import type { PlantedBug } from './planted-bug.ts';

export const CORE_BUGS: readonly PlantedBug[] = [
  {
    id: '1',
    title: 'a leader commits entries of an older term by counting replicas',
    why: 'Figure 8 of the paper: the next leader may lack them. LogCabin #44, PySyncObj #169.',
    edits: [
      {
        file: 'libs/raft/src/log.ts',
        find: 'if (index <= this.committed || !this.matches(index, term)) return false;',
        replace: 'if (index <= this.committed || term === 0) return false;',
      },
    ],
  },
  {
    id: '2',
    title: 'a leader counts its own entry before it is durable',
    why: 'A majority is then one disk short, and a single node acknowledges what a crash takes. etcd #14370.',
    edits: [
      {
        file: 'libs/raft/src/raft.ts',
        find: 'this.send(ack); return true;',
        replace: `const own = this.tracker.get(this.id);
          own?.acknowledged(ack.index);
          this.send(ack);
          this.log.maybeCommit(this.tracker.committed(), this.term);
          return true;`,
      },
    ],
  },
  {
    id: '3',
    title: 'a second membership change is taken while one is not applied yet',
    why: 'Two changes of one server each can have majorities that do not meet. raft-dev 2015, hydro #3192.',
    edits: [
      {
        file: 'libs/raft/src/proposal.ts',
        find: 'if (raft.pendingConfIndex > raft.log.applied) return true;',
        replace: '',
      },
    ],
  },
  {
    id: '7',
    title: 'a node that takes over a snapshot keeps its old membership',
    why: 'It counts the majority of a group that is no more. openraft #1808.',
    edits: [{ file: 'libs/raft/src/follower.ts', find: 'raft.adopt(snapshot.confState);', replace: '' }],
  },
  {
    id: '9',
    title: 'a leader answers reads without asking whether it still leads',
    why: 'A deposed leader that does not know it serves what is out of date. etcd #741, Consul, Xraft #40.',
    edits: [
      {
        file: 'libs/raft/src/leader-reads.ts',
        find: 'if (raft.tracker.isSoleVoter(raft.id) || holdsLease(raft)) {',
        replace: 'if (raft.isLeader() || holdsLease(raft)) {',
      },
    ],
  },
  {
    id: '10',
    title: 'a new leader serves reads before it has committed in its term',
    why: 'Its commit index may lie behind what the last leader acknowledged. etcd #7331, TiKV #6340.',
    edits: [
      {
        file: 'libs/raft/src/leader-reads.ts',
        find: 'if (!raft.hasCommittedInTerm) raft.earlyReads.push(message); else startRead(raft, message);',
        replace: 'startRead(raft, message);',
      },
    ],
  },
  {
    id: '11',
    title: 'answers to earlier heartbeats confirm later reads',
    why: 'They say that the node led before the read came, not after. etcd #20418, #21399.',
    edits: [
      {
        file: 'libs/raft/src/leader-reads.ts',
        find: 'raft.reads.ack(from, readRound, raft.id,',
        replace: 'raft.reads.ack(from, Math.max(readRound, raft.reads.open), raft.id,',
      },
    ],
  },
  {
    id: '18',
    title: 'the disk answers for a write of an old term, and is believed',
    why: [
      'What it names was cut off and written anew meanwhile: the same entry, and not durable.',
      'Our driver passes on the answers in the order of the writes, so that only a scenario finds it.',
    ].join(' '),
    edits: [
      {
        file: 'libs/raft/src/step.ts',
        find: '// Entries of an old term may have been replaced since; a snapshot holds for every term.',
        replace: 'if (message.index !== 0) raft.log.unstable.stableTo(message.index, message.logTerm);',
      },
    ],
  },
  {
    id: '20',
    title: 'an old append cuts off what came after it',
    why: 'Entries that were acknowledged are gone for a while. PySyncObj #166, RaftOS #25, WRaft #118.',
    edits: [
      {
        file: 'libs/raft/src/log.ts',
        find: 'if (known < entries.length) this.append(known === 0 ? entries : entries.slice(known));',
        replace: 'if (known <= entries.length) this.append(entries);',
      },
    ],
  },
];
