/** How the leader brings the log to its followers, and what is committed by it (Raft §5.3, §5.4.2). */
import { payloadBytes } from './entry-size.ts';
import { newMessage, NO_ENTRIES, type Entry, type Message, type NodeId } from './message.ts';
import type { Progress } from './progress.ts';
import type { Raft } from './raft.ts';
import { releaseEarlyReads } from './leader-reads.ts';

/** Sends everybody what is new, be it only the commit index. */
export function broadcastAppend(raft: Raft): void {
  for (const id of raft.tracker.ids) {
    if (id !== raft.id) sendAppend(raft, id);
  }
}

/** Sends the next entries to a node, or the commit index alone. */
export function sendAppend(raft: Raft, to: NodeId): void {
  maybeSendAppend(raft, to, true);
}

/** As {@link sendAppend}, but only if there are entries unless `evenEmpty`. True when something was sent. */
export function maybeSendAppend(raft: Raft, to: NodeId, evenEmpty: boolean): boolean {
  const progress = raft.tracker.get(to);
  if (progress === undefined || progress.isPaused) return false;
  if (!evenEmpty && progress.next > raft.log.lastIndex) return false;
  const prevIndex = progress.next - 1;
  const prevTerm = raft.log.term(prevIndex);
  const entries = prevTerm === undefined ? undefined : nextEntries(raft, progress);
  if (entries === undefined || prevTerm === undefined) return sendSnapshot(raft, to, progress);
  if (entries.length === 0 && !evenEmpty) return false;
  const append = newMessage('MsgApp', raft.id, to);
  append.index = prevIndex;
  append.logTerm = prevTerm;
  append.entries = entries;
  append.commit = raft.log.committed;
  raft.send(append);
  progress.sentEntries(entries.length, payloadBytes(entries));
  progress.sentCommit(raft.log.committed);
  return true;
}

/** Handles a follower's, or the own disk's, answer to an append. */
export function handleAppendResponse(raft: Raft, progress: Progress, message: Message): void {
  progress.recentActive = true;
  if (message.reject) {
    handleRejection(raft, progress, message);
    return;
  }
  // An answer that is no news still brings back a follower that is only being probed.
  const recovered = progress.match === message.index && progress.state === 'StateProbe';
  if (!progress.acknowledged(message.index) && !recovered) return;
  resumed(raft, progress, message.index);
  const own = message.from === raft.id;
  if (maybeCommit(raft)) {
    releaseEarlyReads(raft);
    broadcastAppend(raft);
  } else if (!own && progress.canBumpCommit(raft.log.committed)) {
    sendAppend(raft, message.from);
  }
  if (own) return;
  // The window has room again, maybe for several messages.
  while (maybeSendAppend(raft, message.from, false));
  if (message.from === raft.leadTransferee && progress.match === raft.log.lastIndex) {
    raft.sendTimeoutNow(message.from);
  }
}

/** Commits what a majority has, if it is of the own term. True when the commit index moved. */
export function maybeCommit(raft: Raft): boolean {
  return raft.log.maybeCommit(raft.tracker.committed(), raft.term);
}

/** Takes a follower from probing, or from its snapshot, back to streaming. */
function resumed(raft: Raft, progress: Progress, index: number): void {
  switch (progress.state) {
    case 'StateProbe':
      progress.becomeReplicate();
      return;
    case 'StateSnapshot':
      // Whatever snapshot it was: what matters is that the log can go on from there.
      if (progress.match + 1 < raft.log.firstIndex) return;
      progress.becomeProbe();
      progress.becomeReplicate();
      return;
    case 'StateReplicate':
      progress.inflights.freeTo(index);
  }
}

function handleRejection(
  raft: Raft,
  progress: Progress,
  { from, index, rejectHint, logTerm }: Message,
): void {
  // The follower's terms up to the hint are at most `logTerm`; ours above that can be skipped at once.
  const hint = logTerm > 0 ? raft.log.agreementGuess(rejectHint, logTerm).index : rejectHint;
  if (!progress.rejected(index, hint)) return;
  if (progress.state === 'StateReplicate') progress.becomeProbe();
  sendAppend(raft, from);
}

/** What to send next; nothing into a full window, undefined when it was compacted. */
function nextEntries(raft: Raft, progress: Progress): readonly Entry[] | undefined {
  if (progress.state === 'StateReplicate' && progress.inflights.full) return NO_ENTRIES;
  return raft.log.entriesFrom(progress.next, raft.options.messageBytesMax);
}

/** Sends the newest snapshot, if the node is alive to take it and there is one. */
function sendSnapshot(raft: Raft, to: NodeId, progress: Progress): boolean {
  if (!progress.recentActive) return false;
  const snapshot = raft.log.snapshot();
  if (snapshot === undefined || snapshot.index === 0) return false;
  progress.becomeSnapshot(snapshot.index);
  const message = newMessage('MsgSnap', raft.id, to);
  message.snapshot = snapshot;
  raft.send(message);
  return true;
}
