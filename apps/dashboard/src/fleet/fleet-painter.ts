/** Paints the fleet's cells. Everything it shows is also in the table twin. */
import { formatAge, formatValue } from '../format/units.ts';
import type { Palette } from '../theme.ts';
import { cellOrigin, type FleetGrid } from './fleet-grid.ts';
import type { FleetMetric } from './fleet-metrics.ts';
import { isDemo, TRAIL_MAX, type FleetHost } from './fleet-store.ts';
import { heatColour, textOnHeat } from './heat-scale.ts';
import type { HostStatus } from './host-status.ts';

export interface FleetPicture {
  readonly grid: FleetGrid;
  readonly hosts: readonly FleetHost[];
  readonly metric: FleetMetric;
  /** The value that gets the strongest colour. */
  readonly full: number;
  readonly palette: Palette;
  /** The cell under the pointer or the focus, if any. */
  readonly marked: number | undefined;
  statusOf(host: FleetHost): HostStatus;
  /** The page's wall time, for ages. */
  readonly nowMs: number;
}

/** What the colours of a cell say, in the map and in its legend alike. */
export interface CellLook {
  readonly status: HostStatus;
  /** Value as a share of the strongest; undefined when there is none. */
  readonly ratio: number | undefined;
  readonly demo: boolean;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const FONT = 'system-ui, sans-serif';
const RADIUS_MAX = 8;
const HATCH_STEP = 7;
const FADED = 0.45;
/** Hatching of what is offline: less than its text, more than its ground. */
const BAD_HATCH_ALPHA = 0.22;
const CORNER_MAX = 12;
/** By colour; the themes have two. */
const hatches = new Map<string, CanvasPattern | string>();
/** How much of a card's height its trail may take, and how faint it is. */
const TRAIL_SHARE = 0.62;
const TRAIL_ALPHA = 0.13;

/** Paints all cells onto `context`, whose unit is the CSS pixel. */
export function paintFleet(context: CanvasRenderingContext2D, width: number, picture: FleetPicture): void {
  const { grid, hosts, marked } = picture;
  context.clearRect(0, 0, width, grid.height + grid.gap);
  for (let i = 0; i < hosts.length; i++)
    paintCell(context, picture, hosts[i] as FleetHost, cellOrigin(grid, i));
  if (marked !== undefined && marked < hosts.length) {
    outline(context, picture.palette.text, boxOf(grid, cellOrigin(grid, marked)));
  }
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function paintCell(
  context: CanvasRenderingContext2D,
  picture: FleetPicture,
  host: FleetHost,
  { x, y }: Point,
): void {
  const { grid, palette, full } = picture;
  const status = picture.statusOf(host);
  const ratio = host.value === undefined || full <= 0 ? undefined : host.value / full;
  const look = { status, ratio, demo: isDemo(host.labels) };
  paintLook(context, palette, look, boxOf(grid, { x, y }));
  if (grid.detail === 'colour') return;
  context.fillStyle = inkOn(palette, look);
  if (grid.detail === 'card') writeCard(context, picture, host, status, { x, y });
  else writeValue(context, picture, host, status, { x, y });
}

/** A cell without its words. */
export function paintLook(
  context: CanvasRenderingContext2D,
  palette: Palette,
  { status, ratio, demo }: CellLook,
  box: Box,
): void {
  const offline = status === 'offline';
  traceBox(context, box);
  context.globalAlpha = status === 'unknown' ? FADED : 1;
  context.fillStyle = groundOf(palette, status, ratio);
  context.fill();
  context.globalAlpha = offline ? BAD_HATCH_ALPHA : 1;
  if (status !== 'online') {
    context.fillStyle = hatchPattern(context, offline ? palette.bad : palette.hatch);
    context.fill();
  }
  context.globalAlpha = 1;
  if (demo) paintCorner(context, inkOn(palette, { status, ratio, demo }), box);
  if (offline) outline(context, palette.bad, box);
}

function groundOf(palette: Palette, status: HostStatus, ratio: number | undefined): string {
  if (status === 'offline') return palette.badGround;
  return ratio === undefined ? palette.noValue : heatColour(palette.theme, ratio);
}

function inkOn(palette: Palette, { status, ratio }: CellLook): string {
  const plain = ratio === undefined || status === 'offline' || status === 'unknown';
  return plain ? palette.text : textOnHeat(palette.theme, ratio);
}

/** The mark of invented hosts: a small triangle in the upper right corner. */
function paintCorner(context: CanvasRenderingContext2D, ink: string, { x, y, width, height }: Box): void {
  const size = Math.min(CORNER_MAX, height / 2.5);
  context.save();
  context.clip(); // The cell is traced already; its corner is round.
  context.beginPath();
  context.moveTo(x + width - size, y);
  context.lineTo(x + width, y);
  context.lineTo(x + width, y + size);
  context.fillStyle = ink;
  context.globalAlpha = FADED;
  context.fill();
  context.restore();
}

function writeCard(
  context: CanvasRenderingContext2D,
  { grid, metric, full, nowMs, palette }: FleetPicture,
  host: FleetHost,
  status: HostStatus,
  { x, y }: Point,
): void {
  const large = grid.cellHeight >= 80;
  const pad = large ? 14 : 8;
  const offline = status === 'offline';
  if (large && !offline) drawTrail(context, grid, host.trail, full, { x, y });
  const inner = grid.cellWidth - 2 * pad;
  context.textAlign = 'left';
  context.textBaseline = 'top';
  context.font = `500 ${large ? 13 : 11}px ${FONT}`;
  context.fillText(fitted(context, host.id, inner), x + pad, y + pad);
  context.textBaseline = 'alphabetic';
  context.font = `600 ${large ? 24 : 16}px ${FONT}`;
  const { fillStyle: ink } = context;
  if (offline) context.fillStyle = palette.bad;
  const said = offline ? 'offline' : formatValue(host.value, metric.unit);
  context.fillText(said, x + pad, y + grid.cellHeight - pad);
  if (!large) return;
  context.fillStyle = ink;
  const note = offline ? formatAge(nowMs - host.seenAtMs) : status === 'online' ? '' : status;
  context.font = `500 11px ${FONT}`;
  context.textAlign = 'right';
  context.fillText(note, x + grid.cellWidth - pad, y + grid.cellHeight - pad);
}

function writeValue(
  context: CanvasRenderingContext2D,
  { grid, metric, palette }: FleetPicture,
  host: FleetHost,
  status: HostStatus,
  { x, y }: Point,
): void {
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = `500 11px ${FONT}`;
  const offline = status === 'offline';
  if (offline) context.fillStyle = palette.bad;
  const said = offline ? 'offline' : formatValue(host.value, metric.unit);
  const text = fitted(context, said, grid.cellWidth - 4);
  context.fillText(text, x + grid.cellWidth / 2, y + grid.cellHeight / 2 + 0.5);
}

/** The host's last values as a faint area along the bottom of its card. */
function drawTrail(
  context: CanvasRenderingContext2D,
  grid: FleetGrid,
  trail: readonly number[],
  full: number,
  { x, y }: Point,
): void {
  if (trail.length < 2 || full <= 0) return;
  const step = grid.cellWidth / (TRAIL_MAX - 1);
  const bottom = y + grid.cellHeight;
  const heightOf = (value: number): number =>
    Math.min(1, Math.max(0, value / full)) * grid.cellHeight * TRAIL_SHARE;
  const start = x + grid.cellWidth - (trail.length - 1) * step;
  context.save();
  traceBox(context, boxOf(grid, { x, y }));
  context.clip();
  context.beginPath();
  context.moveTo(start, bottom);
  trail.forEach((value, i) => context.lineTo(start + i * step, bottom - heightOf(value)));
  context.lineTo(x + grid.cellWidth, bottom);
  context.globalAlpha = TRAIL_ALPHA;
  context.fill();
  context.restore();
}

/** The pattern of old data: diagonal lines that tile without a seam. Made once for each colour. */
function hatchPattern(context: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const known = hatches.get(colour);
  if (known !== undefined) return known;
  const tile = document.createElement('canvas');
  tile.width = tile.height = HATCH_STEP;
  const lines = tile.getContext('2d');
  if (lines === null) return colour;
  lines.strokeStyle = colour;
  lines.lineWidth = 1.5;
  for (const from of [-HATCH_STEP, 0, HATCH_STEP]) {
    lines.moveTo(from, HATCH_STEP);
    lines.lineTo(from + HATCH_STEP, 0);
  }
  lines.stroke();
  const pattern = context.createPattern(tile, 'repeat') ?? colour;
  hatches.set(colour, pattern);
  return pattern;
}

/** A line just inside `box`, so that no edge of the canvas cuts it. */
function outline(context: CanvasRenderingContext2D, colour: string, { x, y, width, height }: Box): void {
  traceBox(context, { x: x + 1, y: y + 1, width: width - 2, height: height - 2 });
  context.lineWidth = 2;
  context.strokeStyle = colour;
  context.stroke();
}

function boxOf({ cellWidth, cellHeight }: FleetGrid, { x, y }: Point): Box {
  return { x, y, width: cellWidth, height: cellHeight };
}

function traceBox(context: CanvasRenderingContext2D, { x, y, width, height }: Box): void {
  context.beginPath();
  context.roundRect(x, y, width, height, Math.min(RADIUS_MAX, height / 5));
}

/** As much of `text` as `width` holds. */
function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let kept = text;
  while (kept.length > 1 && context.measureText(`${kept}…`).width > width) kept = kept.slice(0, -1);
  return `${kept}…`;
}
