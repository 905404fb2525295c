/**
 * The charts that every host has: what they need is known by name, so series that belong together are drawn
 * together. Whatever they do not use is left to own-panels.ts.
 */
import { traitsOf } from '../series-traits.ts';
import { sumOf, shareOf, type Column, type ColumnReader } from './column-reader.ts';
import { SERIES_MAX, type Panel, type PanelSeries } from './panel.ts';
import type { SeriesIndex } from './series-index.ts';

/** CPU modes from the bottom of the stack to its top; idle time is what is left. */
const CPU_MODES = ['user', 'system', 'nice', 'iowait', 'irq', 'softirq', 'steal'] as const;

/** Charts for the series in `index`, in the order of the page. Takes what it uses out of the index. */
export function systemPanels(index: SeriesIndex): Panel[] {
  const cpu = index.take('cpu_seconds_total');
  const panels = [
    cpuModes(cpu),
    memory(index),
    load(index),
    traffic(index, 'network', 'Network', {
      receive: 'network_receive_bytes_total',
      transmit: 'network_transmit_bytes_total',
    }),
    traffic(index, 'disk', 'Disk I/O', { read: 'disk_read_bytes_total', write: 'disk_written_bytes_total' }),
    filesystems(index),
    cpuCores(cpu),
  ];
  return panels.filter((panel) => panel !== undefined);
}

type Labelled = ReturnType<SeriesIndex['take']>;

function cpuModes(cpu: Labelled): Panel | undefined {
  if (cpu.length === 0) return undefined;
  const all = cpu.map(({ key }) => key);
  const cores = new Set(cpu.map(({ labels }) => labels['cpu'])).size;
  const series = CPU_MODES.flatMap((mode, colour): PanelSeries[] => {
    const keys = cpu.filter(({ labels }) => labels['mode'] === mode).map(({ key }) => key);
    if (keys.length === 0) return [];
    return [
      { label: mode, colour, read: (reader) => shareOf(ratesAdded(reader, keys), ratesAdded(reader, all)) },
    ];
  });
  const note = `${cores} ${cores === 1 ? 'core' : 'cores'}`;
  const headline = { word: 'busy', read: busyShare(cpu) };
  const shared = { unit: 'percent', kind: 'stack', full: 1, rates: true } as const;
  return { id: 'cpu', title: 'CPU', note, headline, ...shared, series };
}

function cpuCores(cpu: Labelled): Panel | undefined {
  const cores = [...new Set(cpu.map(({ labels }) => labels['cpu'] ?? ''))];
  if (cores.length < 2) return undefined;
  const series = cores.slice(0, SERIES_MAX).map((core, colour): PanelSeries => {
    const own = cpu.filter(({ labels }) => labels['cpu'] === core);
    return { label: `core ${core}`, colour, read: busyShare(own) };
  });
  const shared = { unit: 'percent', kind: 'lines', full: 1, rates: true } as const;
  return { id: 'cores', title: 'CPU by core', ...shared, series };
}

/** The share of the time of these series that was not idle. */
function busyShare(cpu: Labelled): (reader: ColumnReader) => Column {
  const all = cpu.map(({ key }) => key);
  const busy = cpu.filter(({ labels }) => !traitsOf(labels).idle).map(({ key }) => key);
  return (reader) => shareOf(ratesAdded(reader, busy), ratesAdded(reader, all));
}

function memory(index: SeriesIndex): Panel | undefined {
  const [total] = index.take('memory_total_bytes');
  const [available] = index.take('memory_available_bytes');
  if (total === undefined) return undefined;
  const used: PanelSeries = {
    label: 'used',
    colour: 0,
    area: true,
    read: (reader) => {
      const rest = available === undefined ? [] : reader.read(available.key);
      return reader.read(total.key).map((all, i) => (all === null ? null : all - (rest[i] ?? all)));
    },
  };
  const parts = (['cached', 'buffers', 'free'] as const).flatMap((part, i): PanelSeries[] => {
    const [series] = index.take(`memory_${part}_bytes`);
    return series === undefined
      ? []
      : [{ label: part, colour: i + 2, read: (reader) => reader.read(series.key) }];
  });
  const whole: PanelSeries = { label: 'total', colour: 7, read: (reader) => reader.read(total.key) };
  const series = available === undefined ? [...parts, whole] : [used, ...parts, whole];
  return { id: 'memory', title: 'Memory', unit: 'bytes', kind: 'lines', series };
}

function load(index: SeriesIndex): Panel | undefined {
  const series = ['load1', 'load5', 'load15'].flatMap((name, colour): PanelSeries[] => {
    const [found] = index.take(name);
    if (found === undefined) return [];
    return [{ label: `${name.slice('load'.length)} min`, colour, read: (reader) => reader.read(found.key) }];
  });
  return series.length === 0
    ? undefined
    : { id: 'load', title: 'Load', unit: 'number', kind: 'lines', series };
}

/** Bytes per second, one line for each direction of each device; loopback is left in the index. */
function traffic(
  index: SeriesIndex,
  id: string,
  title: string,
  directions: Readonly<Record<string, string>>,
): Panel | undefined {
  const found = Object.entries(directions).flatMap(([direction, name]) =>
    index
      .take(name, ({ labels }) => !traitsOf(labels).loopback)
      .map(({ key, labels }) => ({ key, label: `${labels['device'] ?? ''} ${direction}`.trim() })),
  );
  if (found.length === 0) return undefined;
  const series = found.slice(0, SERIES_MAX).map(({ key, label }, colour): PanelSeries => {
    return { label, colour, read: (reader) => reader.rate(key) };
  });
  return { id, title, unit: 'bytes-per-second', kind: 'lines', rates: true, series };
}

function filesystems(index: SeriesIndex): Panel | undefined {
  const sizes = index.take('filesystem_size_bytes');
  const rests = index.take('filesystem_available_bytes');
  const series = sizes.slice(0, SERIES_MAX).flatMap(({ key, labels }, colour): PanelSeries[] => {
    const rest = rests.find((other) => other.labels['mountpoint'] === labels['mountpoint']);
    if (rest === undefined) return [];
    const read = (reader: ColumnReader): Column =>
      shareOf(reader.read(rest.key), reader.read(key)).map((free) => (free === null ? null : 1 - free));
    return [{ label: labels['mountpoint'] ?? 'used', colour, read }];
  });
  if (series.length === 0) return undefined;
  return { id: 'filesystems', title: 'Disk space used', unit: 'percent', kind: 'lines', full: 1, series };
}

function ratesAdded(reader: ColumnReader, keys: readonly string[]): Column {
  return reader.once(`rates of ${keys.join()}`, () => sumOf(keys.map((key) => reader.rate(key))));
}
