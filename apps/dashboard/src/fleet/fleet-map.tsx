/**
 * One cell per host on a canvas, by pointer and by keyboard. It paints on the next animation frame after
 * something changed, at most once a frame, and not at all while nothing does.
 */
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { nowMs } from '../live/live-state.ts';
import { navigate, parseRoute } from '../route.ts';
import { palette } from '../theme.ts';
import { formatValue } from '../format/units.ts';
import { cellAt, cellOrigin, fleetGrid, stepCell, type FleetGrid, type Step } from './fleet-grid.ts';
import { paintFleet } from './fleet-painter.ts';
import type { FleetHost, FleetStore } from './fleet-store.ts';
import type { HostStatus } from './host-status.ts';
import { HoverCard } from './hover-card.tsx';
import { useMark } from './use-mark.ts';
import { useWidth } from './use-width.ts';

const STEPS: Readonly<Record<string, Step>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'home',
  End: 'end',
};

const STATUS_CODES: Readonly<Record<HostStatus, number>> = { online: 1, late: 2, offline: 3, unknown: 4 };

export interface FleetMapProps {
  readonly store: FleetStore;
  readonly hosts: readonly FleetHost[];
  readonly full: number;
}

export function FleetMap({ store, hosts, full }: FleetMapProps): JSX.Element {
  const [frame, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const grid = fleetGrid(hosts.length, Math.max(width, 1));
  const mark = useMark(frame, hosts, grid, width);
  const marked = mark.at;
  const host = marked === undefined ? undefined : hosts[marked];
  usePainting(canvas, width, grid, { store, hosts, full, marked });

  const open = (at: number | undefined): void => {
    const chosen = at === undefined ? undefined : hosts[at];
    if (chosen) navigate(parseRoute(`/hosts/${encodeURIComponent(chosen.id)}`, ''));
  };
  const cellOf = (event: PointerEvent | MouseEvent): number | undefined =>
    cellAt(grid, hosts.length, event.offsetX, event.offsetY);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (event.key === 'Enter') return open(marked);
    if (event.key === 'Escape') return mark.set(undefined, 'key');
    if (step === undefined || hosts.length === 0) return;
    event.preventDefault();
    mark.set(marked === undefined ? 0 : stepCell(grid, hosts.length, marked, step), 'key');
  };
  return (
    <div
      class="fleet-map"
      ref={frame}
      role="application"
      tabIndex={0}
      style={{ minHeight: `${grid.height}px` }} // Known before the canvas is painted, so one can scroll.
      aria-label="Fleet map. Arrow keys move between hosts, Enter opens one."
      onKeyDown={onKeyDown}
      onBlur={() => mark.set(undefined, 'key')}
    >
      <canvas
        ref={canvas}
        aria-hidden="true"
        onPointerMove={(event) => mark.set(cellOf(event), 'pointer')}
        onPointerLeave={() => mark.set(undefined, 'pointer')}
        onClick={(event) => open(cellOf(event))}
      />
      {host && marked !== undefined && (
        <HoverCard store={store} host={host} origin={cellOrigin(grid, marked)} grid={grid} width={width} />
      )}
      <span class="visually-hidden" aria-live="polite">
        {host && spoken(store, host)}
      </span>
    </div>
  );
}

/** The marked host in words: who, how it is, and its value. */
function spoken(store: FleetStore, host: FleetHost): string {
  const { title, unit } = store.metric;
  return `${host.id}, ${store.statusOf(host, nowMs.value)}: ${title} ${formatValue(host.value, unit)}`;
}

/** Repaints on the next animation frame after data, theme, size, time or the marked cell changed. */
function usePainting(
  canvas: { readonly current: HTMLCanvasElement | null },
  width: number,
  grid: FleetGrid,
  { store, hosts, full, marked }: FleetMapProps & { readonly marked: number | undefined },
): void {
  const colours = palette.value;
  const version = store.changed.value;
  const now = nowMs.value;
  const all = hosts.map((host) => store.statusOf(host, now));
  const statuses = fingerprint(all);
  const ages = grid.detail === 'card' && all.includes('offline') ? now : 0;
  useEffect(() => {
    const request = requestAnimationFrame(() => {
      const context = sized(canvas.current, width, grid.height);
      if (context === undefined) return;
      const statusOf = (host: FleetHost) => store.statusOf(host, now);
      paintFleet(context, width, {
        grid,
        hosts,
        metric: store.metric,
        full,
        palette: colours,
        marked,
        statusOf,
        nowMs: now,
      });
    });
    return () => cancelAnimationFrame(request);
  }, [width, grid.height, grid.columns, hosts, full, marked, colours, statuses, ages, version]);
}

/** Changes when any host's status does; time alone paints nothing. */
function fingerprint(statuses: readonly HostStatus[]): number {
  let hash = 0;
  for (const status of statuses) hash = (Math.imul(hash, 31) + STATUS_CODES[status]) | 0;
  return hash;
}

/** The canvas at the screen's resolution with its context in CSS pixels. */
function sized(
  canvas: HTMLCanvasElement | null,
  width: number,
  height: number,
): CanvasRenderingContext2D | undefined {
  if (canvas === null || width === 0) return undefined;
  const ratio = devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d') ?? undefined;
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
