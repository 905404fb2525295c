import type { JSX } from 'preact';
import { formatAge, formatTime, formatValue } from '../format/units.ts';
import { nowMs } from '../live/live-state.ts';
import type { FleetGrid } from './fleet-grid.ts';
import type { FleetHost, FleetStore } from './fleet-store.ts';

const CARD_WIDTH = 248;

export interface HoverCardProps {
  readonly store: FleetStore;
  readonly host: FleetHost;
  readonly origin: { readonly x: number; readonly y: number };
  readonly grid: FleetGrid;
  /** Width of the map, which the card stays in. */
  readonly width: number;
}

/** What is known of the host under the pointer or the focus. */
export function HoverCard({ store, host, origin, grid, width }: HoverCardProps): JSX.Element {
  const status = store.statusOf(host, nowMs.value);
  const left = Math.max(0, Math.min(origin.x, width - CARD_WIDTH));
  const labels = Object.entries(host.labels);
  return (
    <div
      class="hover-card"
      aria-hidden="true"
      style={{ left, top: origin.y + grid.cellHeight + 6, width: CARD_WIDTH }}
    >
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
