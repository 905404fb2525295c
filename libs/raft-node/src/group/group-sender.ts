/**
 * What a group's core says to its peers, on its way to the transport.
 *
 * 1. A leader whose disk is stuck sends no heartbeats, so that others can take over.
 * 2. A snapshot's state comes from a file, by a way of its own.
 * 3. An append that tells the commit index and nothing else waits a little. The next entries tell it too, and
 *    under load they come at once: an entry then costs a follower one message instead of two.
 */
import type { Message, NodeId } from '@ringwatch/raft';
import type { GroupContext } from './group-context.ts';
import type { GroupSnapshots } from './group-snapshots.ts';
import type { GroupId, SnapshotSource } from '../peers/peer-transport.ts';

/** What the sender needs of its group. */
export interface SenderContext {
  readonly group: GroupId;
  readonly process: Pick<GroupContext, 'transport' | 'diskStalled' | 'soon'>;
  readonly snapshots: GroupSnapshots;
  /** A snapshot has come to `peer`, or has not. */
  readonly reportSnapshot: (peer: NodeId, taken: boolean) => void;
}

export class GroupSender {
  readonly #context: SenderContext;
  /** Commit indices to tell, at most one per follower: a later one says more. */
  readonly #notices = new Map<NodeId, Message>();
  #isNoticing = false;

  constructor(context: SenderContext) {
    this.#context = context;
  }

  send(message: Message): void {
    switch (message.type) {
      case 'MsgHeartbeat':
        if (!this.#context.process.diskStalled) this.#pass(message);
        return;
      case 'MsgApp':
        this.#append(message);
        return;
      case 'MsgSnap':
        this.#sendSnapshot(message);
        return;
      default:
        this.#pass(message);
    }
  }

  #pass(message: Message): void {
    const { process, group } = this.#context;
    process.transport.send(message.to, group, message);
  }

  #append(message: Message): void {
    const notices = this.#notices;
    if (message.entries.length > 0) {
      notices.delete(message.to);
      this.#pass(message);
      return;
    }
    notices.set(message.to, message);
    if (this.#isNoticing) return;
    this.#isNoticing = true;
    this.#context.process.soon(() => {
      this.#isNoticing = false;
      for (const notice of notices.values()) this.#pass(notice);
      notices.clear();
    });
  }

  #sendSnapshot(message: Message): void {
    const { group, process, snapshots, reportSnapshot } = this.#context;
    const { to, snapshot } = message;
    if (snapshot === undefined) return;
    let source: SnapshotSource;
    try {
      source = snapshots.open(snapshot);
    } catch {
      // A newer one has taken its place; the next attempt will send that.
      reportSnapshot(to, false);
      return;
    }
    process.transport.sendSnapshot(to, { group, message }, source, (taken) => reportSnapshot(to, taken));
  }
}
