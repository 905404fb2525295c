import type { JSX } from 'preact';
import { formatTime, formatValue } from '../format/units.ts';
import type { Column } from './column-reader.ts';
import type { Panel } from './panel.ts';

const ROWS_MAX = 60;

export interface ChartTableProps {
  readonly panel: Panel;
  readonly times: readonly number[];
  readonly columns: readonly Column[];
}

/** A chart's newest points in numbers, newest first. */
export function ChartTable({ panel, times, columns }: ChartTableProps): JSX.Element {
  const rows = Math.min(ROWS_MAX, times.length);
  return (
    <div class="chart-table" tabIndex={0} role="region" aria-label={`${panel.title}, newest ${rows} points`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {panel.series.map(({ label }) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: rows }, (_, row) => times.length - 1 - row).map((i) => (
            <tr key={times[i]}>
              <th scope="row">{formatTime(times[i] as number)}</th>
              {columns.map((column, c) => (
                <td key={panel.series[c]?.label} class="number">
                  {formatValue(column[i], panel.unit)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
