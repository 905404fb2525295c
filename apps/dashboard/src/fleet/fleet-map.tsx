/**
 * One cell per host on a canvas, by pointer and by keyboard. It paints on the next animation frame after
 * something changed, at most once a frame, and not at all while nothing does.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { nowMs } from '../live/live-state.ts';
import { navigate, parseRoute, takeLeftHost } from '../route.ts';
import { palette } from '../theme.ts';
import { formatValue } from '../format/units.ts';
import { cellAt, cellOrigin, fleetGrid, stepCell, type FleetGrid, type Step } from './fleet-grid.ts';
import { paintFleet } from './fleet-painter.ts';
import type { FleetHost, FleetStore } from './fleet-store.ts';
import type { HostStatus } from './host-status.ts';
import { HoverCard } from './hover-card.tsx';
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

/** Room that a cell keeps to the screen's edges; the header takes about as much. */
const SCROLL_MARGIN = 72;

export interface FleetMapProps {
  readonly store: FleetStore;
  readonly hosts: readonly FleetHost[];
  readonly full: number;
}

export function FleetMap({ store, hosts, full }: FleetMapProps): JSX.Element {
  const [frame, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [markedId, setMarkedId] = useState<string | undefined>(undefined);
  const index = markedId === undefined ? -1 : hosts.findIndex(({ id }) => id === markedId);
  const marked = index < 0 ? undefined : index;
  const setMarked = (at: number | undefined): void =>
    setMarkedId(at === undefined ? undefined : hosts[at]?.id);
  const byKey = useRef(false);
  const grid = fleetGrid(hosts.length, Math.max(width, 1));
  const host = marked === undefined ? undefined : hosts[marked];
  usePainting(canvas, width, grid, { store, hosts, full, marked });
  useEffect(() => {
    const leftHost = takeLeftHost();
    if (leftHost === undefined || !hosts.some(({ id }) => id === leftHost)) return;
    frame.current?.focus({ preventScroll: true });
    byKey.current = true;
    setMarkedId(leftHost);
  }, []);
  useEffect(() => {
    if (marked === undefined || width === 0 || !byKey.current) return;
    scrollToCell(frame.current, grid, marked);
  }, [marked, width]);

  const open = (at: number | undefined): void => {
    const chosen = at === undefined ? undefined : hosts[at];
    if (chosen) navigate(parseRoute(`/hosts/${encodeURIComponent(chosen.id)}`, ''));
  };
  const onPointerMove = (event: PointerEvent): void => {
    byKey.current = false;
    setMarked(cellOf(event));
  };
  const cellOf = (event: PointerEvent | MouseEvent): number | undefined =>
    cellAt(grid, hosts.length, event.offsetX, event.offsetY);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (event.key === 'Enter') return open(marked);
    if (event.key === 'Escape') return setMarked(undefined);
    if (step === undefined || hosts.length === 0) return;
    event.preventDefault();
    byKey.current = true;
    setMarked(marked === undefined ? 0 : stepCell(grid, hosts.length, marked, step));
  };
  return (
    <div
      class="fleet-map"
      ref={frame}
      role="application"
      tabIndex={0}
      aria-label="Fleet map. Arrow keys move between hosts, Enter opens one."
      onKeyDown={onKeyDown}
      onBlur={() => setMarked(undefined)}
    >
      <canvas
        ref={canvas}
        aria-hidden="true"
        onPointerMove={onPointerMove}
        onPointerLeave={() => setMarked(undefined)}
        onClick={(event) => open(cellOf(event))}
      />
      {host && marked !== undefined && (
        <HoverCard store={store} host={host} origin={cellOrigin(grid, marked)} grid={grid} width={width} />
      )}
      <span class="visually-hidden" aria-live="polite">
        {host && `${host.id}: ${store.metric.title} ${formatValue(host.value, store.metric.unit)}`}
      </span>
    </div>
  );
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

/** Brings a cell that the focus moved to into sight, where the page is longer than the screen. */
function scrollToCell(frame: HTMLElement | null, grid: FleetGrid, index: number): void {
  if (frame === null) return;
  const top = frame.getBoundingClientRect().top + cellOrigin(grid, index).y;
  const under = top + grid.cellHeight + SCROLL_MARGIN - innerHeight;
  const over = top - SCROLL_MARGIN;
  if (under > 0) scrollBy(0, under);
  else if (over < 0) scrollBy(0, over);
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
