/**
 * uPlot's options for one panel. All canvas colours come from the palette, so a new theme means new options.
 */
import type uPlot from 'uplot';
import { formatTick, isBinary } from '../format/units.ts';
import type { Palette } from '../theme.ts';
import type { TimeSpan } from './chart-time.ts';
import { lonePoints } from './column-reader.ts';
import type { Panel, PanelSeries } from './panel.ts';

export const CHART_HEIGHT = 190;
/** Charts with this key share their crosshair. */
const SYNC_KEY = 'host';
const FONT = '11px system-ui, sans-serif';
const AXIS_WIDTH = 66;
/** Room above the highest point. */
const HEADROOM = 1.12;
const DRAG_MIN_PIXELS = 8;
const DOT_SIZE = 6;
/** Stacks are read by their areas; outlines would bury thin ones. */
const STACK_ALPHA = 0.8;
const STEPS_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];
/** What `14:05` and `14:05:30` take on the axis of time. */
const MINUTES_WIDTH = 46;
const SECONDS_WIDTH = 64;
/** Powers of two, so that axes of bytes read 2, 4, 6 GiB. */
const BINARY_STEPS = Array.from({ length: 52 }, (_, power) => 2 ** power);

export interface ChartHooks {
  span(): TimeSpan;
  onCursor(time: number | undefined): void;
  onSelect(span: TimeSpan): void;
  onDoubleClick(): void;
}

export function chartOptions(
  panel: Panel,
  colours: Palette,
  width: number,
  hooks: ChartHooks,
): uPlot.Options {
  const axis = {
    stroke: colours.muted,
    font: FONT,
    ticks: { show: false },
    grid: { stroke: colours.grid, width: 1 },
  };
  return {
    width,
    height: CHART_HEIGHT,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6, width: 2 },
      drag: { x: true, y: false, setScale: false, dist: DRAG_MIN_PIXELS },
      sync: { key: SYNC_KEY },
      bind: { dblclick: () => () => (hooks.onDoubleClick(), null) },
    },
    scales: {
      x: { time: true, range: () => [hooks.span().start, hooks.span().end] },
      y: { range: (_chart, min, max) => valueRange(panel, min, max) },
    },
    axes: [
      {
        ...axis,
        size: 26,
        gap: 4,
        incrs: STEPS_SECONDS,
        space: (_chart, _axis, min, max, pixels) => timeSpace((max - min) / pixels),
        values: (_chart, splits, _axis, _space, step) => splits.map((at) => clockText(at, step)),
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        gap: 6,
        space: 36,
        ...(isBinary(panel.unit) && { incrs: BINARY_STEPS }),
        values: (_chart, splits) => splits.map((at) => formatTick(at, panel.unit)),
      },
    ],
    series: [
      {},
      ...panel.series.map((series) => seriesOptions(panel, series, colourOf(colours, series.colour))),
    ],
    ...(panel.kind === 'stack' && { bands: stackBands(panel, colours) }),
    hooks: {
      setCursor: [(chart) => chart.cursor.event && hooks.onCursor(timeUnderCursor(chart))],
      setSelect: [(chart) => select(chart, hooks)],
    },
  };
}

/** The palette's colour for a series; colours repeat when there are more series than colours. */
export function colourOf(colours: Palette, index: number): string {
  return colours.series[index % colours.series.length] as string;
}

function seriesOptions(panel: Panel, { label, area }: PanelSeries, colour: string): uPlot.Series {
  const stack = panel.kind === 'stack';
  const filled = stack || panel.series.length === 1 || area === true;
  return {
    label,
    stroke: colour,
    width: stack ? 0 : 1.5,
    points: {
      show: false,
      size: DOT_SIZE,
      fill: colour,
      filter: (chart, index) => lonePoints(chart.data[index] ?? []),
    },
    ...(filled && { fill: withAlpha(colour, stack ? STACK_ALPHA : 0.14) }),
  };
}

/** Each layer is filled down to the one below it, not to zero. */
function stackBands(panel: Panel, colours: Palette): uPlot.Band[] {
  return panel.series.slice(1).map(({ colour }, i) => ({
    series: [i + 2, i + 1],
    fill: withAlpha(colourOf(colours, colour), STACK_ALPHA),
  }));
}

/** Room for a label: one with seconds is wider, and is needed where steps are below a minute. */
function timeSpace(secondsPerPixel: number): number {
  return secondsPerPixel * SECONDS_WIDTH < 60 ? SECONDS_WIDTH : MINUTES_WIDTH;
}

function valueRange(panel: Panel, min: number | null, max: number | null): [number, number] {
  const low = Math.min(0, min ?? 0);
  if (panel.full !== undefined) return [low, Math.max(panel.full, max ?? 0)];
  const high = (max ?? 0) * HEADROOM;
  return [low, high > low ? high : low + 1];
}

function timeUnderCursor(chart: uPlot): number | undefined {
  const { left, idx } = chart.cursor;
  if (left === undefined || left < 0 || idx === null || idx === undefined) return undefined;
  return chart.data[0][idx];
}

function select(chart: uPlot, hooks: ChartHooks): void {
  const { left, width } = chart.select;
  if (width < DRAG_MIN_PIXELS) return;
  hooks.onSelect({ start: chart.posToVal(left, 'x'), end: chart.posToVal(left + width, 'x') });
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/** `14:05`, or with seconds where the steps are shorter than a minute. */
function clockText(at: number, stepSeconds: number): string {
  const [hours, minutes, seconds] = new Date(at * 1000).toTimeString().slice(0, 8).split(':');
  return stepSeconds < 60 ? `${hours}:${minutes}:${seconds}` : `${hours}:${minutes}`;
}

/** A colour of the palette, `#rrggbb`, made translucent. */
function withAlpha(hex: string, alpha: number): string {
  return `${hex}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;
}
