/**
 * One panel: title, plot, legend with the values under the pointer, and a table twin. The plot is updated
 * past Preact: each second it gets new data, not a new tree.
 */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { effect } from '@preact/signals';
import uPlot from 'uplot';
import { useWidth } from '../fleet/use-width.ts';
import { formatTime, formatValue } from '../format/units.ts';
import { nowMs } from '../live/live-state.ts';
import { palette } from '../theme.ts';
import { CHART_HEIGHT, chartOptions, colourOf } from './chart-options.ts';
import { ChartTable } from './chart-table.tsx';
import { cursorTime, follow, freeze, type TimeSpan } from './chart-time.ts';
import { withGaps, type Column, type ColumnReader } from './column-reader.ts';
import type { HostWindow } from './host-window.ts';
import type { Panel } from './panel.ts';

const SUMMARY_EVERY_MS = 5_000;

export interface ChartProps {
  readonly panel: Panel;
  readonly window: HostWindow;
  readonly reader: ColumnReader;
  readonly span: () => TimeSpan;
}

export function Chart({ panel, window, reader, span }: ChartProps): JSX.Element {
  const [plot, width] = useWidth<HTMLDivElement>();
  const [asTable, setAsTable] = useState(false);
  const colours = palette.value;
  usePlot(plot, width, { panel, window, reader, span }, colours);
  void window.changed.value; // Read so that legend and summary follow the data.
  const columns = columnsOf(panel, reader);
  const at = indexAt(reader.times, cursorTime.value);
  const titleId = `chart-${panel.id}`;
  const summary = useSummary(panel, columns);
  const nothing = nothingDrawn(panel, columns, reader);
  return (
    <section class="card chart" aria-labelledby={titleId}>
      <header>
        <h3 id={titleId}>{panel.title}</h3>
        {panel.headline && (
          <span>
            <b>{formatValue(panel.headline.read(reader)[at], panel.unit)}</b> {panel.headline.word}
          </span>
        )}
        {panel.note && <span class="muted">{panel.note}</span>}
        <CursorTime />
        <button
          type="button"
          class="quiet"
          aria-pressed={asTable}
          aria-label={`${panel.title} as table`}
          onClick={() => setAsTable(!asTable)}
        >
          Table
        </button>
      </header>
      <div class="plot-frame" hidden={asTable}>
        <div
          ref={plot}
          class="plot"
          role="img"
          aria-label={summary}
          style={{ minHeight: `${CHART_HEIGHT}px` }}
        />
        {nothing && <p class="plot-note">{nothing}</p>}
      </div>
      {asTable && <ChartTable panel={panel} times={reader.times} columns={columns} />}
      <ul class="legend">
        {panel.series.map(({ label, colour }, i) => (
          <li key={label}>
            <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
              <rect width="10" height="10" rx="2" fill={colourOf(colours, colour)} />
            </svg>
            <span class="label">{label}</span>
            <data value={String(columns[i]?.[at] ?? '')}>{formatValue(columns[i]?.[at], panel.unit)}</data>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The instant that all legends show while the pointer is in any chart. */
function CursorTime(): JSX.Element | null {
  const { value: time } = cursorTime;
  return time === undefined ? null : <time class="cursor-time">{formatTime(time)}</time>;
}

/** Why a chart of a host that reports is empty; undefined when it is not. */
function nothingDrawn(panel: Panel, columns: readonly Column[], reader: ColumnReader): string | undefined {
  if (columns.some((column) => column.some((value) => value !== null))) return undefined;
  return panel.rates
    ? `A rate needs a second report within ${reader.gapSeconds} s.`
    : 'No value in the time shown.';
}

/**
 * Keeps one uPlot in `element`: a new one for new series, colours or width, new data whenever there is some.
 */
function usePlot(
  element: { readonly current: HTMLDivElement | null },
  width: number,
  { panel, window, reader, span }: ChartProps,
  colours: typeof palette.value,
): void {
  const series = useMemo(() => panel.series.map(({ label }) => label).join('\n'), [panel]);
  const current = useRef(panel);
  current.current = panel;
  useEffect(() => {
    if (element.current === null || width === 0) return undefined;
    const hooks = {
      span,
      onCursor: (time: number | undefined) => void (cursorTime.value = time),
      onSelect: freeze,
      onDoubleClick: follow,
    };
    const chart = new uPlot(chartOptions(panel, colours, width, hooks), [[]], element.current);
    const stop = effect(() => {
      void window.changed.value; // With span() what decides when the plot is drawn again.
      span();
      chart.setData(drawnData(current.current, reader));
    });
    return () => {
      stop();
      chart.destroy();
    };
  }, [width, colours, series, window, span]);
}

/** What uPlot draws: gaps marked, and the layers of a stack added up. */
function drawnData(panel: Panel, reader: ColumnReader): uPlot.AlignedData {
  const columns = columnsOf(panel, reader);
  const drawn = withGaps(
    reader.times,
    panel.kind === 'stack' ? stacked(columns) : columns,
    reader.gapSeconds,
  );
  return [drawn.times, ...drawn.columns];
}

/** The panel's columns, shared between its plot, its legend and its table. */
function columnsOf(panel: Panel, reader: ColumnReader): Column[] {
  return panel.series.map(({ label, read }) => reader.once(`${panel.id} / ${label}`, () => read(reader)));
}

function stacked(columns: readonly Column[]): Column[] {
  const below: number[] = [];
  return columns.map((column) =>
    column.map((value, i) => {
      if (value === null) return null;
      const sum = (below[i] ?? 0) + value;
      below[i] = sum;
      return sum;
    }),
  );
}

/** The chart in one sentence, renewed only now and then: nobody listens every second. */
function useSummary(panel: Panel, columns: readonly Column[]): string {
  const turn = Math.floor(nowMs.value / SUMMARY_EVERY_MS);
  return useMemo(() => summaryOf(panel, columns), [panel, turn, (columns[0]?.length ?? 0) > 1]);
}

function summaryOf(panel: Panel, columns: readonly Column[]): string {
  const parts = panel.series.map(({ label }, i) => {
    const values = (columns[i] ?? []).filter((value) => value !== null);
    if (values.length === 0) return `${label}: no data`;
    const low = formatValue(Math.min(...values), panel.unit);
    const high = formatValue(Math.max(...values), panel.unit);
    return `${label}: now ${formatValue(values.at(-1), panel.unit)}, between ${low} and ${high}`;
  });
  return `${panel.title}. ${parts.join('. ')}.`;
}

/** Index of the point at `time`, of the newest without one; -1 where the host was silent. */
function indexAt(times: readonly number[], time: number | undefined): number {
  return time === undefined ? times.length - 1 : times.lastIndexOf(time);
}
