/**
 * The life of one process, from start to crash. Everything that would call into it goes through
 * {@link ProcessLife.enter}: after its end nothing happens any more, and while it is paused everything waits,
 * as the kernel keeps packets and timers for a stopped process.
 */
import type { Clock } from '@ringwatch/kernel';
import type { VirtualTime } from './virtual-time.ts';

export class ProcessLife {
  #ended = false;
  #paused = false;
  #backlog: (() => void)[] = [];

  get isOver(): boolean {
    return this.#ended;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  enter(run: () => void): void {
    if (this.#ended) return;
    if (this.#paused) this.#backlog.push(run);
    else run();
  }

  end(): void {
    this.#ended = true;
    this.#backlog = [];
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    for (const run of this.#backlog.splice(0)) this.enter(run);
  }
}

/** A process's clock: it may run fast or slow, and its wall time may jump, which must not matter. */
export class SimulatedClock implements Clock {
  #wallOffsetMs = 1_700_000_000_000;

  /** @param rate own milliseconds per real one. */
  constructor(
    private readonly time: VirtualTime,
    private readonly life: ProcessLife,
    private readonly rate: number,
    private readonly onTimer: () => void,
  ) {}

  nowMs(): number {
    return this.#wallOffsetMs + this.monotonicMs();
  }

  monotonicMs(): number {
    return this.time.nowMs * this.rate;
  }

  after(delayMs: number, fire: () => void): () => void {
    return this.time.after(delayMs / this.rate, () => {
      this.onTimer();
      this.life.enter(fire);
    });
  }

  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }
}
