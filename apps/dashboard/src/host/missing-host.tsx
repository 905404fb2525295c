import type { JSX } from 'preact';
import { FLEET, navigate } from '../route.ts';
import { followLink } from '../shell/host-link.tsx';

/** In place of charts of a host that nobody knows: perhaps a slip in the name, perhaps it is yet to come. */
export function MissingHost({ hostId }: { readonly hostId: string }): JSX.Element {
  return (
    <main class="page centred">
      <section class="card empty">
        <h1>{hostId}</h1>
        <p>No host of this name has reported.</p>
        <p class="muted">Its charts appear here by themselves with its first report.</p>
        <a href="/" onClick={(event) => followLink(event, () => navigate(FLEET))}>
          All hosts
        </a>
      </section>
    </main>
  );
}
