/** Linearizable reads: how the leader answers those that came to it or were passed on by followers. */
import { newMessage, NONE, type Message, type NodeId } from './message.ts';
import type { Raft, StepOutcome } from './raft.ts';

/**
 * Takes in a read. Before the first commit of its term a leader may not know what is committed, so reads
 * wait for it, those of a single node too: its commit index is written lazily.
 */
export function handleRead(raft: Raft, message: Message): StepOutcome {
  if (raft.earlyReads.length + raft.reads.pending >= raft.options.readsPendingMax) return 'dropped';
  if (!raft.hasCommittedInTerm) raft.earlyReads.push(message);
  else startRead(raft, message);
  return 'accepted';
}

/** Handles the reads that waited for the first commit of the term. */
export function releaseEarlyReads(raft: Raft): void {
  if (raft.earlyReads.length === 0 || !raft.hasCommittedInTerm) return;
  for (const message of raft.earlyReads.splice(0)) startRead(raft, message);
}

/** Handles a follower's confirmation that this node led when it sent round `message.readRound`. */
export function handleRoundConfirmed(raft: Raft, { from, readRound }: Message): void {
  const confirmed = raft.reads.ack(from, readRound, raft.id, raft.tracker.confState);
  for (const read of confirmed) answer(raft, read.from, read);
}

/** Heartbeats to all, with the round that anybody waits for. */
export function broadcastHeartbeat(raft: Raft): void {
  const leases = raft.options.readOnly === 'lease-based' && !raft.tracker.isSoleVoter(raft.id);
  const round = leases ? raft.reads.begin(raft.ticks) : raft.reads.open;
  sendHeartbeats(raft, round);
}

function startRead(raft: Raft, { from, entries }: Message): void {
  const index = raft.log.committed;
  if (raft.tracker.isSoleVoter(raft.id) || holdsLease(raft)) {
    answer(raft, from, { entries, index });
    return;
  }
  if (!raft.reads.joinable) sendHeartbeats(raft, raft.reads.begin(raft.ticks));
  raft.reads.add(from, entries, index);
}

/**
 * True while nobody else can have been elected, if clocks keep pace. A follower that has just heard of its
 * leader may have its next tick at once, so it waits for one tick less than it counts.
 */
function holdsLease({ options, reads, ticks, transferOffered }: Raft): boolean {
  if (options.readOnly !== 'lease-based' || transferOffered) return false;
  return ticks - reads.confirmedTick < options.electionTicks - 1;
}

function sendHeartbeats(raft: Raft, round: number): void {
  for (const id of raft.tracker.ids) {
    if (id === raft.id) continue;
    const progress = raft.tracker.get(id);
    if (progress === undefined) continue;
    const heartbeat = newMessage('MsgHeartbeat', raft.id, id);
    // Never past what the follower is known to have: beyond that its log may differ.
    heartbeat.commit = Math.min(progress.match, raft.log.committed);
    heartbeat.readRound = round;
    raft.send(heartbeat);
    progress.sentCommit(heartbeat.commit);
  }
}

function answer(raft: Raft, from: NodeId, { entries, index }: Pick<Message, 'entries' | 'index'>): void {
  if (from === NONE || from === raft.id) {
    const [request] = entries;
    if (request !== undefined) raft.readStates.push({ index, context: request.data });
    return;
  }
  const response = newMessage('MsgReadIndexResp', raft.id, from);
  response.index = index;
  response.entries = entries;
  raft.send(response);
}
