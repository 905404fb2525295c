/**
 * A follower as its leader sees it.
 *
 * 1. `match < next`: what lies between is on its way.
 * 2. `sentCommit` never claims more than the follower can know: at most what was sent, lowered with `next`.
 * 3. `probe` sends one message and waits for an answer or the next heartbeat; `replicate` streams within the
 *    window; `snapshot` sends nothing until the follower has it.
 */
import { Inflights, type InflightLimits } from './inflights.ts';

export type ProgressState = 'StateProbe' | 'StateReplicate' | 'StateSnapshot';

export class Progress {
  /** Last index at which the follower's log is known to agree. */
  match = 0;
  /** Next index to send. */
  next: number;
  state: ProgressState = 'StateProbe';
  /** Index of the snapshot that the follower was sent, in `StateSnapshot`. */
  pendingSnapshot = 0;
  /** Heard of since the last check of the quorum. */
  recentActive = false;
  /** No append until an answer or a heartbeat's answer comes. */
  paused = false;
  isLearner: boolean;
  readonly inflights: Inflights;
  #sentCommit = 0;

  constructor(next: number, isLearner: boolean, limits: InflightLimits) {
    this.next = next;
    this.isLearner = isLearner;
    this.inflights = new Inflights(limits);
  }

  becomeProbe(): void {
    // A snapshot that was reported as received is where to go on, if nothing better is known.
    const next = Math.max(this.match, this.state === 'StateSnapshot' ? this.pendingSnapshot : 0) + 1;
    this.#enter('StateProbe');
    this.next = next;
    this.#sentCommit = Math.min(this.#sentCommit, next - 1);
  }

  becomeReplicate(): void {
    this.#enter('StateReplicate');
    this.next = this.match + 1;
  }

  becomeSnapshot(index: number): void {
    this.#enter('StateSnapshot');
    this.pendingSnapshot = index;
    this.next = index + 1;
    this.#sentCommit = index;
  }

  /** Notes an append message of `entries` entries with `bytes` of data from `next` on. */
  sentEntries(entries: number, bytes: number): void {
    if (this.state === 'StateReplicate') {
      if (entries > 0) {
        this.next += entries;
        this.inflights.add(this.next - 1, bytes);
      }
      // A message that fills the window, or an empty one into a full window, is a probe: wait for an answer.
      this.paused = this.inflights.full;
    } else if (entries > 0) {
      this.paused = true;
    }
  }

  /** True when telling `commit` now could move the follower's commit index. */
  canBumpCommit(commit: number): boolean {
    return commit > this.#sentCommit && this.#sentCommit < this.next - 1;
  }

  sentCommit(commit: number): void {
    this.#sentCommit = commit;
  }

  /** The follower has everything up to `index`. False when that is no news. */
  acknowledged(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    this.next = Math.max(this.next, index + 1);
    this.paused = false;
    return true;
  }

  /**
   * The follower refused the message after `rejected` and may agree at `hint`. False when the refusal is
   * stale: late or duplicated answers must not move `next` back (or `match`, ever).
   */
  rejected(rejected: number, hint: number): boolean {
    if (this.state === 'StateReplicate') {
      if (rejected <= this.match) return false;
      this.next = this.match + 1;
    } else {
      // Probes go one at a time, so a refusal of anything but the last one is late.
      if (this.next - 1 !== rejected) return false;
      this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
      this.paused = false;
    }
    this.#sentCommit = Math.min(this.#sentCommit, this.next - 1);
    return true;
  }

  /** True when no append message may be sent now. */
  get isPaused(): boolean {
    return this.paused || this.state === 'StateSnapshot';
  }

  #enter(state: ProgressState): void {
    this.paused = false;
    this.pendingSnapshot = 0;
    this.state = state;
    this.inflights.reset();
  }
}
