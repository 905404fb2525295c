/** The time that all charts of a page share: what they show, and what the pointer is at. */
import { signal } from '@preact/signals';
import { view, viewing } from '../live/live-state.ts';

export interface TimeSpan {
  readonly start: number;
  readonly end: number;
}

/** The instant under the pointer in any chart, Unix seconds. */
export const cursorTime = signal<number | undefined>(undefined);

/** What the viewer zoomed into or paused at; undefined while the charts follow the newest data. */
export const frozen = signal<TimeSpan | undefined>(undefined);

/** Stops the charts at `span`; updates are counted, not drawn. */
export function freeze(span: TimeSpan): void {
  frozen.value = span;
  view('pause');
}

/** Back to the newest data. */
export function follow(): void {
  frozen.value = undefined;
  view('follow');
}

/** Space: stop at what is shown now, or go on. */
export function togglePause(shown: TimeSpan): void {
  if (viewing.peek().mode === 'paused') follow();
  else freeze(shown);
}
