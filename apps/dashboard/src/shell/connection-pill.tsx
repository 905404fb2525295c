import type { JSX } from 'preact';
import type { Phase } from '@ringwatch/live';
import { live, nowMs, viewing } from '../live/live-state.ts';

const WORDS: Readonly<Record<Phase, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  stale: 'Stale',
  reconnecting: 'Reconnecting',
  empty: 'Waiting for reports',
  error: 'Disconnected',
};

/** The connection in one word, always in sight. */
export function ConnectionPill(): JSX.Element {
  const { phase, retryAtMs } = live.state.value;
  const paused = viewing.value.mode === 'paused';
  const shown = paused && phase === 'live' ? 'paused' : phase;
  const waitSeconds = retryAtMs === undefined ? undefined : Math.ceil((retryAtMs - nowMs.value) / 1000);
  return (
    <span class={`pill phase-${shown}`} role="status">
      <span class="dot" aria-hidden="true" />
      {shown === 'paused' ? 'Paused' : WORDS[phase]}
      {waitSeconds !== undefined && waitSeconds > 0 && <span aria-hidden="true"> in {waitSeconds} s</span>}
    </span>
  );
}
