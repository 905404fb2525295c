import type { JSX } from 'preact';
import { live } from '../live/live-state.ts';
import { FLEET, navigate, route } from '../route.ts';
import { ConnectionPill } from './connection-pill.tsx';
import { followLink } from './host-link.tsx';
import { RingMark } from './ring-mark.tsx';
import { openShortcuts } from './shortcuts-dialog.tsx';
import { ThemeSwitch } from './theme-switch.tsx';

/** Where you are, how the connection stands, and what runs on which back end. */
export function Header(): JSX.Element {
  const here = route.value;
  return (
    <header class="top">
      <a class="brand" href="/" onClick={(event) => followLink(event, () => navigate(FLEET))}>
        <RingMark size={26} />
        <span>ringwatch</span>
      </a>
      <nav aria-label="Main" class="crumbs">
        <a
          href="/"
          aria-current={here.page === 'fleet' ? 'page' : undefined}
          onClick={(event) => followLink(event, () => navigate(FLEET))}
        >
          Fleet
        </a>
        {here.page === 'host' && (
          <>
            <span aria-hidden="true">/</span>
            <span class="crumb" aria-current="page">
              {here.hostId}
            </span>
          </>
        )}
      </nav>
      <Backends />
      <ConnectionPill />
      <ThemeSwitch />
      <button type="button" class="icon-button" aria-label="Keyboard shortcuts" onClick={openShortcuts}>
        ?
      </button>
    </header>
  );
}

const BACKENDS_ID = 'backends';

/** What runs on what: `store embedded`, `config embedded`. On a narrow screen a button shows it. */
function Backends(): JSX.Element | null {
  const backends = Object.entries(live.state.value.backends);
  if (backends.length === 0) return null;
  return (
    <>
      <button
        type="button"
        class="icon-button backends-button"
        aria-label="Back ends in use"
        popovertarget={BACKENDS_ID}
      >
        i
      </button>
      <ul id={BACKENDS_ID} class="backends" popover="auto" aria-label="Back ends in use">
        {backends.map(([part, backend]) => (
          <li key={part}>
            <span class="muted">{part}</span> {backend}
          </li>
        ))}
      </ul>
    </>
  );
}
