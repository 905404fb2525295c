import type { JSX } from 'preact';
import { viewing } from '../live/live-state.ts';
import { follow } from './chart-time.ts';

/** The way back to live while the charts are stopped; it stays on screen however far one scrolls. */
export function PausedBar(): JSX.Element | null {
  const state = viewing.value;
  if (state.mode === 'following') return null;
  return (
    <div class="paused-bar" role="region" aria-label="Paused">
      <span>
        Paused, <b>{state.behind}</b> {state.behind === 1 ? 'update' : 'updates'} behind
      </span>
      <button type="button" class="button primary" aria-keyshortcuts="L" onClick={follow}>
        Back to live
      </button>
    </div>
  );
}
