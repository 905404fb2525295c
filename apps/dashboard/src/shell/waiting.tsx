import type { JSX } from 'preact';
import { live } from '../live/live-state.ts';
import { RingMark } from './ring-mark.tsx';

/** In place of charts that have nothing to show yet: never a blank page. */
export function Waiting({ what }: { readonly what: string }): JSX.Element {
  const connecting = live.state.value.phase === 'connecting';
  return (
    <main class="page centred">
      <h1 class="visually-hidden">{what}</h1>
      <div class="waiting" aria-busy={true}>
        <RingMark size={56} />
        <p>{connecting ? 'Connecting to the gateway …' : `Waiting for ${what} …`}</p>
      </div>
    </main>
  );
}
