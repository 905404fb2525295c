/** Elections (Raft §5.2, §5.4.1), with the pre-vote that asks first (thesis §9.6). */
import { assert } from '@ringwatch/kernel';
import { newMessage, NONE, type Message } from './message.ts';
import type { Raft } from './raft.ts';

/** Why a node campaigns: it asks first, it means it, or the leader told it to. */
export type Campaign = 'pre-election' | 'election' | 'transfer';

const SCAN_BYTES = 1024 * 1024;

/** Starts an election, unless this node leads, may not lead, or has a membership change left to apply. */
export function campaign(raft: Raft, kind: Campaign): void {
  if (raft.isLeader() || !raft.promotable || hasUnappliedConfChange(raft)) return;
  requestVotes(raft, kind);
}

/** Asks every voter, the own disk included: the own vote counts once it is durable. */
export function requestVotes(raft: Raft, kind: Campaign): void {
  if (kind === 'pre-election') raft.becomePreCandidate();
  else raft.becomeCandidate();
  const pre = kind === 'pre-election';
  const term = pre ? raft.term + 1 : raft.term;
  const { lastIndex, lastTerm } = raft.log;
  for (const id of raft.tracker.ids) {
    if (!raft.tracker.isVoter(id)) continue;
    if (id === raft.id) {
      raft.send(newMessage(pre ? 'MsgPreVoteResp' : 'MsgVoteResp', id, id, term));
      continue;
    }
    const request = newMessage(pre ? 'MsgPreVote' : 'MsgVote', raft.id, id, term);
    request.index = lastIndex;
    request.logTerm = lastTerm;
    request.transfer = kind === 'transfer';
    raft.send(request);
  }
}

/** True while a leader was heard of so lately that nobody else may be elected. */
export function inLease({ options, lead, electionElapsed }: Raft): boolean {
  return options.checkQuorum && lead !== NONE && electionElapsed < options.electionTicks;
}

/**
 * Answers a request for a vote. Learners vote too: one may be a voter already and not know it yet, and
 * without it the group might have no majority.
 */
export function castVote(raft: Raft, request: Message): void {
  const pre = request.type === 'MsgPreVote';
  const free =
    raft.vote === request.from ||
    (raft.vote === NONE && raft.lead === NONE) ||
    (pre && request.term > raft.term);
  const granted = free && raft.log.isUpToDate(request.index, request.logTerm);
  // A grant names the term that was asked for: whoever asks for a future one ignores answers of the past.
  const term = granted ? request.term : raft.term;
  const answer = newMessage(pre ? 'MsgPreVoteResp' : 'MsgVoteResp', raft.id, request.from, term);
  answer.reject = !granted;
  if (!granted && raft.options.commitByVote) {
    answer.commit = raft.log.committed;
    answer.logTerm = raft.log.term(raft.log.committed) ?? 0;
  }
  raft.send(answer);
  if (granted && !pre) {
    raft.electionElapsed = 0;
    raft.vote = request.from;
  }
}

/**
 * A refused vote may tell what is committed; that holds in every term. It can be a membership change that
 * this node has and did not know to count, so that it asked the wrong voters.
 */
export function learnCommitted({ role, log }: Raft, { commit, logTerm }: Message): void {
  if (role !== 'StateLeader' && log.matches(commit, logTerm)) log.commitTo(commit);
}

/** Whoever is about to apply a membership change does not know who its voters are. */
function hasUnappliedConfChange({ log }: Raft): boolean {
  let from = log.applied + 1;
  while (from <= log.committed) {
    const page = log.slice(from, log.committed + 1, SCAN_BYTES);
    assert(page !== undefined && page.length > 0, 'what is not applied yet is not compacted');
    if (page.some(({ type }) => type !== 'EntryNormal')) return true;
    from += page.length;
  }
  return false;
}
