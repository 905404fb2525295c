/**
 * What Raft promises (figure 3 of the paper), checked over all members of a cluster after every step. A
 * member is looked at as its own node says it is; what was written and applied is remembered, so that a
 * promise broken long ago is found as well.
 *
 * 1. Election safety: at most one leader per term.
 * 2. Log matching: a term and an index name one entry with one predecessor, wherever it is written.
 * 3. Leader completeness: a new leader's log has every entry that was committed before its term.
 * 4. State machine safety: no two members apply different entries at an index.
 * 5. Durability: what a leader commits is in the storage of a majority, of both in a joint configuration.
 * 6. Term, vote within a term, and commit index never go back; applied <= committed <= last.
 */
import { assert } from '@ringwatch/kernel';
import {
  describeEntry,
  majorityVote,
  type ConfState,
  type Entry,
  type HardState,
  type NodeId,
  type Snapshot,
} from '../src/index.ts';
import type { Member, Observer } from './member.ts';

export class Safety implements Observer {
  /** What has happened so far, over all members. */
  readonly events = { elections: 0, truncations: 0, snapshots: 0, changes: 0, commits: 0 };
  readonly #members: () => Iterable<Member>;
  readonly #leaders = new Map<number, NodeId>();
  /** Entry and term before it, by term and index. */
  readonly #written = new Map<string, string>();
  readonly #appliedAt = new Map<number, string>();
  /** Term of the entry committed at an index, and the term in which it was committed. */
  readonly #committed: { readonly term: number; readonly during: number }[] = [];
  readonly #seen = new Map<NodeId, HardState>();
  readonly #confStates = new Map<NodeId, ConfState>();

  constructor(members: () => Iterable<Member>) {
    this.#members = members;
  }

  /** Highest index that anybody has committed. */
  get committed(): number {
    return this.#committed.length - 1;
  }

  /** Checks `member` after a step of it. */
  check(member: Member): void {
    if (!member.up) return;
    const { id, node } = member;
    const { hardState, applied, confState } = node.status();
    assert(applied <= hardState.commit, `${id} has applied ${applied}, committed ${hardState.commit}`);
    assert(hardState.commit <= node.lastIndex, `${id} has committed more than it has`);
    const before = this.#seen.get(id);
    if (before !== undefined) checkOrder(id, before, hardState);
    if (node.isLeader) this.#checkLeader(member, hardState.term);
    if (hardState.commit > (before?.commit ?? 0)) this.#checkCommit(member, before?.commit ?? 0, confState);
    this.#seen.set(id, hardState);
    this.#confStates.set(id, confState);
  }

  started(member: Member): void {
    // What was only in memory may be forgotten; what is in storage may not.
    this.#seen.set(member.id, member.storage.initialState().hardState);
    this.#confStates.delete(member.id);
  }

  writing({ storage }: Member, entries: readonly Entry[], snapshot: Snapshot | undefined): void {
    if (snapshot !== undefined) this.events.snapshots++;
    const [first] = entries;
    if (first === undefined) return;
    if (first.index <= storage.lastIndex()) this.events.truncations++;
    let before = storage.term(first.index - 1);
    for (const entry of entries) {
      const at = `${entry.term}/${entry.index}`;
      const found = `${describeEntry(entry)} after term ${before}`;
      const known = this.#written.get(at);
      assert(known === undefined || known === found, `${at} is ${known} and ${found}`);
      this.#written.set(at, found);
      before = entry.term;
    }
  }

  applied({ id }: Member, entry: Entry): void {
    if (entry.type !== 'EntryNormal') this.events.changes++;
    const found = describeEntry(entry);
    const known = this.#appliedAt.get(entry.index);
    assert(known === undefined || known === found, `${id} applies ${found}, another one applied ${known}`);
    this.#appliedAt.set(entry.index, found);
  }

  #checkLeader({ id, node }: Member, term: number): void {
    const leader = this.#leaders.get(term);
    assert(leader === undefined || leader === id, `${id} and ${leader} lead in term ${term}`);
    if (leader !== undefined) return;
    this.#leaders.set(term, id);
    this.events.elections++;
    for (const [index, committed] of this.#committed.entries()) {
      if (committed === undefined || committed.during >= term) continue;
      const own = node.entryTerm(index);
      // What is compacted was committed, and compared when it was.
      const complete = own === undefined ? index < node.lastIndex : own === committed.term;
      assert(complete, `leader ${id} of term ${term} lacks what is committed at ${index}`);
    }
  }

  #checkCommit({ id, node, storage }: Member, from: number, confState: ConfState): void {
    const { commit, term } = node.status().hardState;
    for (let index = from + 1; index <= commit; index++) {
      const own = node.entryTerm(index);
      if (own === undefined) continue;
      const known = this.#committed[index]?.term;
      assert(
        known === undefined || known === own,
        `${id} commits term ${own} at ${index}, another one ${known}`,
      );
      if (known === undefined) this.events.commits++;
      this.#committed[index] ??= { term: own, during: term };
    }
    if (!node.isLeader || storage.snapshot().index >= commit) return;
    const entryTerm = node.entryTerm(commit);
    assert(entryTerm === term, `leader ${id} counted replicas for an entry of term ${entryTerm} in ${term}`);
    const before = this.#confStates.get(id) ?? confState;
    assert(
      this.#isDurable(confState, commit, term) || this.#isDurable(before, commit, term),
      `leader ${id} committed ${commit}, which is not on a majority's disks`,
    );
  }

  #isDurable({ voters, votersOutgoing }: ConfState, index: number, term: number): boolean {
    const has = new Map<NodeId, boolean>();
    for (const { id, storage } of this.#members()) {
      has.set(id, storage.term(index) === term || storage.snapshot().index >= index);
    }
    return majorityVote(voters, has) === 'VoteWon' && majorityVote(votersOutgoing, has) === 'VoteWon';
  }
}

function checkOrder(id: NodeId, before: HardState, now: HardState): void {
  assert(now.term >= before.term, `the term of ${id} went back`);
  assert(now.commit >= before.commit, `the commit index of ${id} went back`);
  const sameVote = now.term > before.term || before.vote === 0 || now.vote === before.vote;
  assert(sameVote, `${id} voted for ${before.vote} and ${now.vote} in term ${now.term}`);
}
