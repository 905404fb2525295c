/**
 * A chart for each metric that no other chart has drawn: custom metrics first, details of the system after
 * them.
 */
import { isCounter } from '@ringwatch/metrics';
import { unitOf } from '../format/units.ts';
import { SERIES_MAX, type Panel, type PanelSeries } from './panel.ts';
import type { IndexedSeries, SeriesIndex } from './series-index.ts';

/** How the agent names what it reads from the system; all else is somebody's own. */
const SYSTEM_PREFIXES = [
  'agent_',
  'context_switches_',
  'cpu_',
  'disk_',
  'filesystem_',
  'forks_',
  'load',
  'memory_',
  'network_',
  'processes_',
  'swap_',
  'uptime_',
];

export interface OwnPanels {
  readonly custom: readonly Panel[];
  readonly system: readonly Panel[];
}

/** Charts for all that is left in `index`, by metric name. */
export function ownPanels(index: SeriesIndex): OwnPanels {
  const custom: Panel[] = [];
  const system: Panel[] = [];
  for (const name of index.names()) {
    const ofSystem = SYSTEM_PREFIXES.some((prefix) => name.startsWith(prefix));
    (ofSystem ? system : custom).push(panelOf(name, index.take(name)));
  }
  return { custom, system };
}

function panelOf(name: string, found: readonly IndexedSeries[]): Panel {
  const series = found.slice(0, SERIES_MAX).map(({ key, labels }, colour): PanelSeries => {
    return { label: labelOf(labels) || name, colour, read: (reader) => reader.read(key) };
  });
  const left = found.length - series.length;
  return {
    id: `metric-${name}`,
    title: name,
    ...(left > 0 && { note: `${left} more series not drawn` }),
    unit: unitOf(name),
    kind: 'lines',
    rates: isCounter(name),
    series,
  };
}

/** As a query would name it: `code="200" method="get"`. */
function labelOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ');
}
