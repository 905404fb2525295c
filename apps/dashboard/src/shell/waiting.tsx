import type { JSX } from 'preact';
import { live } from '../live/live-state.ts';
import { RingMark } from './ring-mark.tsx';

export interface WaitingProps {
  /** What the page waits for. */
  readonly what: string;
  /** What to say when it is known that there is nothing. */
  readonly nothing?: string | undefined;
}

/** In place of charts that have nothing to show yet: never a blank page. */
export function Waiting({ what, nothing }: WaitingProps): JSX.Element {
  const { phase } = live.state.value;
  const text = nothing ?? (phase === 'connecting' ? 'Connecting to the gateway …' : `Waiting for ${what} …`);
  return (
    <main class="page centred">
      <h1 class="visually-hidden">{what}</h1>
      <div class="waiting" aria-busy={nothing === undefined}>
        <RingMark size={56} />
        <p>{text}</p>
      </div>
    </main>
  );
}
