import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { formatTick } from '../format/units.ts';
import { palette } from '../theme.ts';
import type { FleetMetric } from './fleet-metrics.ts';
import { paintLook, type CellLook } from './fleet-painter.ts';
import { heatColour } from './heat-scale.ts';

const SCALE = { width: 160, height: 10 };
const SWATCH = { x: 0, y: 0, width: 26, height: 16 };
/** How strongly the swatches that stand for any value are coloured. */
const SOME_RATIO = 0.4;

/** The marks of a cell besides its colour, painted as the map paints them. */
const MARKS: readonly (readonly [says: string, look: CellLook])[] = [
  ['offline', { status: 'offline', ratio: undefined, demo: false }],
  ['late', { status: 'late', ratio: SOME_RATIO, demo: false }],
  ['demo', { status: 'online', ratio: SOME_RATIO, demo: true }],
];

export interface HeatLegendProps {
  readonly metric: FleetMetric;
  readonly full: number;
}

/** What the colours and marks of the map mean. */
export function HeatLegend({ metric, full }: HeatLegendProps): JSX.Element {
  return (
    <p class="heat-legend">
      <span>{formatTick(0, metric.unit)}</span>
      <Scale />
      <span>{formatTick(full, metric.unit)}</span>
      {MARKS.map(([says, look]) => (
        <span key={says} class="mark">
          <Swatch look={look} /> {says}
        </span>
      ))}
    </p>
  );
}

function Scale(): JSX.Element {
  const { theme } = palette.value;
  return (
    <Painting
      {...SCALE}
      paint={(context) => {
        for (let x = 0; x < SCALE.width; x++) {
          context.fillStyle = heatColour(theme, x / (SCALE.width - 1));
          context.fillRect(x, 0, 1, SCALE.height);
        }
      }}
    />
  );
}

function Swatch({ look }: { readonly look: CellLook }): JSX.Element {
  const colours = palette.value;
  const { width, height } = SWATCH;
  return (
    <Painting width={width} height={height} paint={(context) => paintLook(context, colours, look, SWATCH)} />
  );
}

interface PaintingProps {
  readonly width: number;
  readonly height: number;
  paint(context: CanvasRenderingContext2D): void;
}

/** A small canvas at the screen's resolution, painted anew with each theme. */
function Painting({ width, height, paint }: PaintingProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = palette.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    paint(context);
  }, [colours]);
  return (
    <canvas
      ref={canvas}
      width={width * devicePixelRatio}
      height={height * devicePixelRatio}
      style={{ width: `${width}px`, height: `${height}px` }}
      aria-hidden="true"
    />
  );
}
