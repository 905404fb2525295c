import type { JSX } from 'preact';
import { formatAge, formatTime, formatValue } from '../format/units.ts';
import { nowMs } from '../live/live-state.ts';
import type { FleetGrid } from './fleet-grid.ts';
import type { FleetHost, FleetStore } from './fleet-store.ts';

const CARD_WIDTH = 248;
/** About what a card with a few labels takes. */
const CARD_HEIGHT = 190;
const CARD_GAP = 6;

export interface HoverCardProps {
  readonly store: FleetStore;
  readonly host: FleetHost;
  readonly origin: { readonly x: number; readonly y: number };
  readonly grid: FleetGrid;
  /** Width of the map, which the card stays in. */
  readonly width: number;
}

/** What is known of the host under the pointer or the focus. */
export function HoverCard(props: HoverCardProps): JSX.Element {
  const { store, host } = props;
  const status = store.statusOf(host, nowMs.value);
  const labels = Object.entries(host.labels);
  return (
    <div class="hover-card" aria-hidden="true" style={placeOf(props)}>
      <strong>{host.id}</strong>
      <dl>
        <dt>{store.metric.title}</dt>
        <dd>{formatValue(host.value, store.metric.unit)}</dd>
        <dt>Status</dt>
        <dd class={`status-text status-${status}`}>{status}</dd>
        <dt>Last report</dt>
        <dd>
          {host.now === undefined ? '–' : formatTime(host.now.timestamp)}
          {status !== 'online' && ` (${formatAge(nowMs.value - host.seenAtMs)} ago)`}
        </dd>
        {labels.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
    </div>
  );
}

/** Below its cell, or above it in the lower half of a tall map; never beyond the right edge. */
function placeOf({ origin, grid, width }: HoverCardProps): Readonly<Record<string, string>> {
  const left = `${Math.max(0, Math.min(origin.x, width - CARD_WIDTH))}px`;
  const above = origin.y > grid.height / 2 && origin.y > CARD_HEIGHT;
  const place = { left, width: `${CARD_WIDTH}px` };
  if (above) return { ...place, bottom: `${grid.height - origin.y + CARD_GAP}px` };
  return { ...place, top: `${origin.y + grid.cellHeight + CARD_GAP}px` };
}
