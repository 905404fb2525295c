import type { JSX } from 'preact';
import { formatRoute, navigate, parseRoute } from '../route.ts';

/** A link to a host's page that the page follows itself; opening it in a new tab works as with any link. */
export function HostLink({ hostId }: { hostId: string }): JSX.Element {
  const route = parseRoute(`/hosts/${encodeURIComponent(hostId)}`, '');
  return (
    <a href={formatRoute(route)} onClick={(event) => followLink(event, () => navigate(route))}>
      {hostId}
    </a>
  );
}

/** Runs `go` for a plain click; anything else is the browser's. */
export function followLink(event: MouseEvent, go: () => void): void {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go();
}
