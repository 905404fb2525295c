/**
 * What must hold of one Raft group at every moment, whatever fails (figure 3 of the Raft paper, and the
 * invariants of etcd's TLA+ specification), checked against shadows of what each node has written.
 *
 * 1. Election safety: one leader per term.
 * 2. Log matching: entries of the same index and term hold the same, and so do the entries before them.
 * 3. Leader completeness: a new leader has every entry that was ever committed.
 * 4. State machine safety: nodes that have applied up to an index have come to the same state.
 * 5. A committed entry is durable on a majority of the voters of the leader that committed it, and whoever
 *    could be elected from then on has it.
 * 6. What a node has said is durable: its last acknowledgement and its vote survive every crash.
 * 7. Terms, commit indices and applied indices never go back; applied <= committed <= last, and what is
 *    applied is durable; a leader's `next` lies after `match`; log and snapshot leave no gap.
 * 8. A read is answered at an index that is not before what was committed when it began.
 * 9. Nodes that have applied up to an index know the same members.
 */
import { majorityVote, NONE, type ConfState, type Entry, type Message, type NodeId } from '@ringwatch/raft';
import type { GroupLog, RaftGroup } from '@ringwatch/raft-node';
import { hasDurably, makeDurable, mayLead, type Shadow } from './node-shadow.ts';

/** A promise of Raft that was broken: the run has found a bug. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

interface Known {
  readonly termBefore: number | undefined;
  readonly data: Uint8Array;
}

const TERMS_MAX = 2 ** 20;
/** Where every group begins: there is nothing that could be lost before it. */
const FIRST_INDEX = 1;

export class RaftInvariants {
  readonly #shadows = new Map<NodeId, Shadow>();
  readonly #leaders = new Map<number, NodeId>();
  /** Every entry that was ever written anywhere, by index and term. */
  readonly #entries = new Map<number, Known>();
  /** Terms of the committed entries, by index, and the terms in which they were committed. */
  readonly #committed: number[] = [];
  readonly #committedIn: number[] = [];
  readonly #states = new Map<number, number>();
  /** The configurations, as text, by index. */
  readonly #members = new Map<number, string>();
  /** Counts of what was seen: without them nobody knows whether a run has tried anything. */
  truncations = 0;
  leaders = 0;
  installs = 0;
  configurations = 0;

  /** Stands for everything that was applied: equal runs have equal ones. */
  get fingerprint(): number {
    let hash = 0;
    for (const [index, state] of this.#states) hash = (Math.imul(hash, 31) + index + state) >>> 0;
    return hash;
  }

  /** Last index that anybody has committed. */
  get committed(): number {
    return Math.max(0, this.#committed.length - 1);
  }

  /** Watches what a process writes, and first whether it still has what it promised before it crashed. */
  watch(id: NodeId, log: GroupLog): void {
    const before = this.#shadows.get(id);
    const terms: number[] = [];
    for (let index = log.firstIndex - 1; index <= log.lastIndex; index++) terms[index] = log.term(index) ?? 0;
    const shadow: Shadow = {
      terms,
      last: log.lastIndex,
      durableTerms: terms.slice(),
      durableLast: log.lastIndex,
      staged: [],
      flushingFrom: Infinity,
      stagedFrom: Infinity,
      received: FIRST_INDEX,
      acknowledged: before?.acknowledged ?? { index: 0, term: 0 },
      voted: before?.voted ?? { term: 0, vote: NONE },
      term: log.hardState.term,
      committed: FIRST_INDEX,
      applied: FIRST_INDEX,
      confState: undefined,
      members: undefined,
    };
    if (before !== undefined) checkPromises(id, log, shadow);
    this.#shadows.set(id, shadow);
    this.#intercept(log, shadow);
  }

  /** What is staged now. The returned function makes it durable, or not. */
  flushBegins(id: NodeId): (durable: boolean) => void {
    const shadow = this.#of(id);
    const { staged, stagedFrom } = shadow;
    shadow.staged = [];
    shadow.flushingFrom = stagedFrom;
    shadow.stagedFrom = Infinity;
    return (durable) => {
      shadow.flushingFrom = Infinity;
      if (durable) {
        for (const change of staged) makeDurable(shadow, change);
      } else {
        shadow.staged = [...staged, ...shadow.staged];
        shadow.stagedFrom = Math.min(stagedFrom, shadow.stagedFrom);
      }
    };
  }

  /** All that was written is durable: a flush may have taken along what was staged after it began. */
  allDurable(id: NodeId): void {
    this.flushBegins(id)(true);
  }

  /** A message leaves; acknowledgements and votes are promises. */
  sent(message: Message): void {
    const shadow = this.#shadows.get(message.from);
    if (shadow === undefined || message.reject) return;
    if (message.type === 'MsgAppResp' && message.index > 0) this.#acknowledged(message, shadow);
    if (message.type === 'MsgVoteResp') {
      const { term, to } = message;
      const { voted } = shadow;
      if (voted.term === term && voted.vote !== to) fail(`${message.from} voted twice in term ${term}`);
      if (term > voted.term) shadow.voted = { term, vote: to };
    }
  }

  /** An answer to a leader of the past may be about entries that have been replaced meanwhile. */
  #acknowledged({ from, index, term }: Message, shadow: Shadow): void {
    if (index <= shadow.durableLast) {
      const known = shadow.durableTerms[index];
      const { acknowledged } = shadow;
      // A late copy of an earlier answer takes nothing back, unless the entry was replaced since.
      if (index < acknowledged.index && hasDurably(shadow, acknowledged.index, acknowledged.term)) return;
      if (known !== undefined) shadow.acknowledged = { index, term: known };
    } else if (term === shadow.term) {
      fail(`${from} acknowledged entry ${index} before it was durable`);
    }
  }

  /** A read begins. The returned function is told the index that its answer stands for. */
  readBegins(): (index: number) => void {
    const { committed } = this;
    return (index) => {
      if (index < committed)
        fail(`a read that began after ${committed} was committed was answered at ${index}`);
    };
  }

  /** A state machine has applied up to `index`. */
  applied(id: NodeId, index: number, hash: number): void {
    const known = this.#states.get(index);
    if (known === undefined) this.#states.set(index, hash);
    else if (known !== hash) fail(`${id} has come to another state at ${index}`);
  }

  /** Something has happened at a node. */
  check(id: NodeId, group: RaftGroup): void {
    const shadow = this.#of(id);
    const { term, committed, applied, lastIndex } = group;
    if (term < shadow.term) fail(`the term of ${id} went back from ${shadow.term} to ${term}`);
    if (committed < shadow.committed && committed > 0) fail(`${id} has committed less, up to ${committed}`);
    if (applied < shadow.applied && applied > 0) fail(`the applied index of ${id} went back to ${applied}`);
    if (applied > committed || committed > lastIndex) {
      fail(`${id} has applied ${applied}, committed ${committed}, and ends at ${lastIndex}`);
    }
    if (applied > Math.max(shadow.durableLast, shadow.received)) {
      fail(`${id} has applied ${applied} before it was durable`);
    }
    const writtenFrom = Math.min(shadow.flushingFrom, shadow.stagedFrom);
    if (applied >= writtenFrom && writtenFrom > shadow.received) {
      fail(`${id} has applied ${applied} while entry ${writtenFrom} was being written`);
    }
    if (applied !== shadow.applied || shadow.members === undefined) this.#checkMembers(id, group, shadow);
    if (group.isLeader) this.#checkLeader(id, group);
    if (committed > shadow.committed) this.#checkCommitted(id, group, shadow);
    shadow.term = term;
    shadow.committed = committed;
    shadow.applied = applied;
  }

  #checkLeader(id: NodeId, group: RaftGroup): void {
    const { term } = group;
    const leader = this.#leaders.get(term);
    if (leader === undefined) {
      this.#leaders.set(term, id);
      this.leaders++;
      this.#checkComplete(id, group);
    } else if (leader !== id) {
      fail(`${leader} and ${id} both led in term ${term}`);
    }
  }

  #checkMembers(id: NodeId, group: RaftGroup, shadow: Shadow): void {
    const { applied } = group;
    shadow.members = group.status().confState;
    const members = JSON.stringify(shadow.members);
    const known = this.#members.get(applied);
    if (known === undefined) this.#members.set(applied, members);
    else if (known !== members) fail(`at ${applied} the members are ${members} to ${id}, and were ${known}`);
  }

  /** A leader that comes late, of a term that is over, need not have what later terms have committed. */
  #checkComplete(id: NodeId, group: RaftGroup): void {
    for (let index = this.committed; index > 0; index--) {
      const committed = this.#committed[index];
      const earlier = (this.#committedIn[index] ?? Infinity) < group.term;
      if (committed === undefined || !earlier) continue;
      const own = group.entryTerm(index);
      if (own === undefined && index <= group.lastIndex) return;
      if (own !== committed) fail(`${id} leads term ${group.term} without entry ${index} of ${committed}`);
    }
  }

  #checkCommitted(id: NodeId, group: RaftGroup, shadow: Shadow): void {
    const { confState, progress } = group.status();
    for (let index = shadow.committed + 1; index <= group.committed; index++) {
      const term = group.entryTerm(index);
      if (term === undefined) continue;
      const known = this.#committed[index];
      if (known === undefined) {
        this.#committed[index] = term;
        this.#committedIn[index] = group.term;
        // The configuration may change in the same turn, right after.
        const before = shadow.confState ?? confState;
        if (!this.#isDurable(index, term, confState) && !this.#isDurable(index, term, before)) {
          fail(`${id} committed ${index}, which is not durable on a majority`);
        }
        const heir = this.#electableWithout(index, term);
        if (heir !== undefined) {
          fail(`${id} committed ${index} of term ${term}, and ${heir} could be elected without it`);
        }
      } else if (known !== term) {
        fail(`${id} committed an entry of term ${term} at ${index}, where one of ${known} was`);
      }
    }
    if (shadow.confState !== undefined && shadow.confState !== confState) this.configurations++;
    shadow.confState = confState;
    for (const [member, { match, next }] of progress) {
      if (next <= match) fail(`${id} would send ${member} entry ${next}, which it has up to ${match}`);
    }
  }

  #isDurable(index: number, term: number, confState: ConfState): boolean {
    const votes = new Map<NodeId, boolean>();
    for (const [id, shadow] of this.#shadows) votes.set(id, hasDurably(shadow, index, term));
    return isWon(confState, votes);
  }

  /**
   * A node without the entry that would win if it asked now those whom it takes for its voters. Whoever knows
   * of something to apply still waits for that: its voters may be others then.
   */
  #electableWithout(index: number, term: number): NodeId | undefined {
    for (const [id, candidate] of this.#shadows) {
      const { members, applied, committed } = candidate;
      if (members === undefined || applied < committed || !isVoter(members, id)) continue;
      if (hasDurably(candidate, index, term)) continue;
      const votes = new Map<NodeId, boolean>();
      for (const [voter, shadow] of this.#shadows) votes.set(voter, mayLead(candidate, shadow));
      if (isWon(members, votes)) return id;
    }
    return undefined;
  }

  #intercept(log: GroupLog, shadow: Shadow): void {
    const append = log.append.bind(log);
    log.append = (entries, isTaken) => {
      append(entries, isTaken);
      this.#appended(shadow, entries);
    };
    const applySnapshot = log.applySnapshot.bind(log);
    log.applySnapshot = (meta) => {
      applySnapshot(meta);
      if (meta.index > FIRST_INDEX) this.installs++;
      if (meta.index > shadow.last) shadow.terms = [];
      shadow.terms.length = meta.index;
      shadow.terms[meta.index] = meta.term;
      shadow.last = meta.index;
      shadow.received = meta.index;
      shadow.staged.push({ kind: 'snapshot', index: meta.index, term: meta.term });
    };
  }

  #appended(shadow: Shadow, entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    if (first.index <= shadow.last) this.truncations++;
    for (const { index, term, data } of entries) {
      const termBefore = shadow.terms[index - 1];
      const key = index * TERMS_MAX + term;
      const known = this.#entries.get(key);
      if (known === undefined) this.#entries.set(key, { termBefore, data });
      else if (
        known.termBefore !== termBefore &&
        known.termBefore !== undefined &&
        termBefore !== undefined
      ) {
        fail(`logs with entry ${index} of term ${term} differ before it`);
      } else if (!equal(known.data, data)) fail(`there are two entries ${index} of term ${term}`);
      shadow.terms[index] = term;
      shadow.last = index;
    }
    shadow.terms.length = shadow.last + 1;
    shadow.staged.push({ kind: 'append', entries });
    shadow.stagedFrom = Math.min(shadow.stagedFrom, first.index);
  }

  #of(id: NodeId): Shadow {
    const shadow = this.#shadows.get(id);
    if (shadow === undefined) throw new Error(`node ${id} is not watched`);
    return shadow;
  }
}

/** A log that was cut in favour of a newer leader's may lack what it once acknowledged; no other may. */
function checkPromises(id: NodeId, log: GroupLog, { acknowledged, voted }: Shadow): void {
  const lastTerm = log.term(log.lastIndex) ?? 0;
  const own = log.term(acknowledged.index);
  const compacted = acknowledged.index < log.firstIndex;
  if (!compacted && own !== acknowledged.term && lastTerm <= acknowledged.term) {
    fail(`${id} has lost entry ${acknowledged.index} of term ${acknowledged.term}, which it acknowledged`);
  }
  const { term, vote } = log.hardState;
  if (term < voted.term || (term === voted.term && vote !== voted.vote)) {
    fail(`${id} has forgotten its vote for ${voted.vote} in term ${voted.term}`);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}

function fail(message: string): never {
  throw new Violation(message);
}

function isWon({ voters, votersOutgoing }: ConfState, votes: ReadonlyMap<NodeId, boolean>): boolean {
  return majorityVote(voters, votes) === 'VoteWon' && majorityVote(votersOutgoing, votes) === 'VoteWon';
}

function isVoter({ voters, votersOutgoing }: ConfState, id: NodeId): boolean {
  return voters.includes(id) || votersOutgoing.includes(id);
}
