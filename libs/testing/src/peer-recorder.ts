import type { NodeId } from '@ringwatch/raft';
import type { GroupMessage, PeerHandler, SnapshotSink } from '@ringwatch/raft-node';

/** A snapshot as it arrived. */
export interface ReceivedSnapshot {
  readonly from: NodeId;
  readonly announced: GroupMessage;
  readonly chunks: Buffer[];
  end: 'open' | 'finished' | 'aborted';
}

/** Remembers what a transport reports, and lets tests wait for it without a clock. */
export class PeerRecorder implements PeerHandler {
  readonly messages: { readonly from: NodeId; readonly group: number; readonly index: number }[] = [];
  readonly whole: GroupMessage[] = [];
  readonly unreachable: { readonly peer: NodeId; readonly reset: boolean }[] = [];
  readonly snapshots: ReceivedSnapshot[] = [];
  /** Decides what becomes of the snapshots to come; a sink may be replaced in part. Default: taken. */
  snapshotSink: (received: ReceivedSnapshot) => Partial<SnapshotSink> | undefined = () => ({});
  #waiting: { readonly condition: () => boolean; readonly resolve: () => void }[] = [];

  /** Resolves as soon as the condition holds; it is looked at whenever something was reported. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ condition, resolve }));
  }

  /** Times that `peer` was reported with a reset. */
  resetsOf(peer: NodeId): number {
    return this.unreachable.filter((report) => report.peer === peer && report.reset).length;
  }

  onMessages(from: NodeId, messages: readonly GroupMessage[]): void {
    for (const { group, message } of messages) this.messages.push({ from, group, index: message.index });
    this.whole.push(...messages);
    this.noticed();
  }

  onUnreachable(peer: NodeId, reset: boolean): void {
    this.unreachable.push({ peer, reset });
    this.noticed();
  }

  onSnapshot(from: NodeId, announced: GroupMessage): SnapshotSink | undefined {
    const received: ReceivedSnapshot = { from, announced, chunks: [], end: 'open' };
    const replaced = this.snapshotSink(received);
    if (replaced === undefined) return undefined;
    this.snapshots.push(received);
    const ended = (end: 'finished' | 'aborted'): void => {
      received.end = end;
      this.noticed();
    };
    return {
      write: (chunk) => {
        received.chunks.push(Buffer.from(chunk));
        this.noticed();
      },
      finish: (done) => {
        ended('finished');
        done(true);
      },
      abort: () => ended('aborted'),
      ...replaced,
    };
  }

  /** Looks again at what is waited for. */
  noticed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      if (one.condition()) one.resolve();
      else this.#waiting.push(one);
    }
  }
}
