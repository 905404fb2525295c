import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { formatValue } from '../format/units.ts';
import { palette } from '../theme.ts';
import type { FleetMetric } from './fleet-metrics.ts';
import { heatColour } from './heat-scale.ts';

const WIDTH = 160;
const HEIGHT = 10;

/** What the colours mean. */
export function HeatLegend({ metric, full }: { metric: FleetMetric; full: number }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { theme } = palette.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    for (let x = 0; x < WIDTH; x++) {
      context.fillStyle = heatColour(theme, x / (WIDTH - 1));
      context.fillRect(x, 0, 1, HEIGHT);
    }
  }, [theme]);
  return (
    <p class="heat-legend">
      <span>{formatValue(0, metric.unit)}</span>
      <canvas ref={canvas} width={WIDTH} height={HEIGHT} aria-hidden="true" />
      <span>{formatValue(full, metric.unit)}</span>
      <span class="hatched-key" aria-hidden="true" />
      <span>not reporting</span>
    </p>
  );
}
