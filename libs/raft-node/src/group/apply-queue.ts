/**
 * The work of one group's state machine, one piece at a time and in order: entries to apply, a snapshot to
 * take over, a snapshot to take. How much waits here is bounded by the core, which hands out no more entries
 * than it is allowed to have on their way.
 */
import type { Entry } from '@ringwatch/raft';
import type { SnapshotSource } from '../peers/peer-transport.ts';
import type { StateMachine } from './state-machine.ts';

type Job =
  | { readonly kind: 'apply'; readonly entries: readonly Entry[]; readonly done: () => void }
  | {
      readonly kind: 'restore';
      readonly index: number;
      readonly source: () => SnapshotSource;
      readonly done: () => void;
    }
  | { readonly kind: 'snapshot'; readonly done: (source: SnapshotSource) => void };

export class ApplyQueue {
  #jobs: Job[] = [];
  #busy = false;
  #pumping = false;

  constructor(private readonly machine: StateMachine) {}

  get idle(): boolean {
    return !this.#busy && this.#jobs.length === 0;
  }

  /** Applies `entries`, of which the state machine sees those with data of its own. */
  apply(entries: readonly Entry[], done: () => void): void {
    this.#add({ kind: 'apply', entries, done });
  }

  restore(index: number, source: () => SnapshotSource, done: () => void): void {
    this.#add({ kind: 'restore', index, source, done });
  }

  /** Takes a snapshot after everything that was handed in before. */
  snapshot(done: (source: SnapshotSource) => void): void {
    this.#add({ kind: 'snapshot', done });
  }

  /** Drops what has not begun. */
  clear(): void {
    this.#jobs = [];
  }

  #add(job: Job): void {
    this.#jobs.push(job);
    this.#pump();
  }

  /** A loop, for a state machine may answer before its call returns and a long queue must not nest. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#busy) {
      const job = this.#jobs.shift();
      if (job === undefined) break;
      this.#busy = true;
      this.#run(job);
    }
    this.#pumping = false;
  }

  #run(job: Job): void {
    const finish = (): void => {
      this.#busy = false;
      this.#pump();
    };
    switch (job.kind) {
      case 'apply': {
        const entries = job.entries.filter(({ type, data }) => type === 'EntryNormal' && data.length > 0);
        const done = (): void => {
          job.done();
          finish();
        };
        if (entries.length === 0) done();
        else this.machine.apply(entries, done);
        return;
      }
      case 'restore':
        this.machine.restore(job.index, job.source(), () => {
          job.done();
          finish();
        });
        return;
      case 'snapshot':
        this.machine.snapshot((source) => {
          job.done(source);
          finish();
        });
    }
  }
}
