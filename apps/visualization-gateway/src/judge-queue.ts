/**
 * The long work of subscriptions with globs, beside everything else: channels judge their hosts in turn, for
 * SLICE_MS at a time, and the gateway's other work runs in the pauses.
 */
import type { Clock } from '@ringwatch/kernel';
import type { LiveChannel } from '@ringwatch/live';

/** How long a channel judges before it pauses. */
const SLICE_MS = 5;
/** The pause: however much there is to judge, half of the time is left for the rest. */
const PAUSE_MS = 5;

export class JudgeQueue {
  readonly #clock: Clock;
  readonly #onSettled: (channel: LiveChannel) => void;
  /** In order of their turns. */
  readonly #turns = new Map<LiveChannel, Generator<void>>();
  #cancelTurn: (() => void) | undefined;

  /** @param onSettled called when a channel has nothing left to judge. */
  constructor(clock: Clock, onSettled: (channel: LiveChannel) => void) {
    this.#clock = clock;
    this.#onSettled = onSettled;
  }

  /** Gives `channel` a turn, unless it has one. */
  add(channel: LiveChannel): void {
    if (!this.#turns.has(channel)) this.#turns.set(channel, channel.judge());
    this.#cancelTurn ??= this.#clock.after(PAUSE_MS, () => this.#takeTurn());
  }

  remove(channel: LiveChannel): void {
    this.#turns.delete(channel);
  }

  stop(): void {
    this.#turns.clear();
    this.#cancelTurn?.();
  }

  #takeTurn(): void {
    this.#cancelTurn = undefined;
    const [turn] = this.#turns;
    if (turn === undefined) return;
    const [channel, steps] = turn;
    this.#turns.delete(channel);
    const settled = this.#runSlice(steps);
    if (settled) this.#onSettled(channel);
    else this.#turns.set(channel, steps);
    const [next] = this.#turns.keys();
    if (next !== undefined) this.add(next);
  }

  /** True when no step is left. */
  #runSlice(steps: Generator<void>): boolean {
    const endMs = this.#clock.monotonicMs() + SLICE_MS;
    while (steps.next().done !== true) if (this.#clock.monotonicMs() >= endMs) return false;
    return true;
  }
}
