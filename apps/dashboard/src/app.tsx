import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { FleetView } from './fleet/fleet-view.tsx';
import { HostView } from './host/host-view.tsx';
import { live } from './live/live-state.ts';
import { route } from './route.ts';
import { ConnectionBanner } from './shell/connection-banner.tsx';
import { Header } from './shell/header.tsx';
import { ShortcutsDialog } from './shell/shortcuts-dialog.tsx';

/** The page: header, what is wrong, and one view. */
export function App(): JSX.Element {
  const here = route.value;
  const { phase } = live.state.value;
  const title = here.page === 'host' ? `${here.hostId} · ringwatch` : 'ringwatch';
  useEffect(() => void (document.title = title), [title]);
  return (
    <div class="app" data-phase={phase}>
      <Header />
      <ConnectionBanner />
      {here.page === 'host' ? <HostView key={here.hostId} route={here} /> : <FleetView route={here} />}
      <ShortcutsDialog />
    </div>
  );
}
