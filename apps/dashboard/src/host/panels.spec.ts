import { describe, expect, test } from 'vitest';
import { ColumnReader } from './column-reader.ts';
import { HostWindow } from './host-window.ts';
import { ownPanels } from './own-panels.ts';
import { SERIES_MAX, type Panel } from './panel.ts';
import { SeriesIndex } from './series-index.ts';
import { systemPanels } from './system-panels.ts';

type Metrics = Readonly<Record<string, number>>;

/** The last value of each line of `panel` after two reports. */
function drawn(
  panel: Panel | undefined,
  before: Metrics,
  now: Metrics,
): Record<string, number | null | undefined> {
  const window = new HostWindow(() => undefined);
  window.merge([
    { timestamp: 1, metrics: before },
    { timestamp: 2, metrics: now },
  ]);
  const reader = new ColumnReader(window);
  return Object.fromEntries(panel?.series.map(({ label, read }) => [label, read(reader).at(-1)]) ?? []);
}

function panelsOf(metrics: Metrics): Record<string, Panel> {
  return Object.fromEntries(
    systemPanels(new SeriesIndex(Object.keys(metrics))).map((panel) => [panel.id, panel]),
  );
}

const cpu = (core: number, idle: number, user: number, system: number): Metrics => ({
  [`cpu_seconds_total{cpu="${core}",mode="idle"}`]: idle,
  [`cpu_seconds_total{cpu="${core}",mode="user"}`]: user,
  [`cpu_seconds_total{cpu="${core}",mode="system"}`]: system,
});

describe('system charts', () => {
  test('CPU modes are shares of all cores, cores are busy by their own', () => {
    const before = { ...cpu(0, 10, 10, 10), ...cpu(1, 20, 20, 20) };
    const now = { ...cpu(0, 10, 10.75, 10.25), ...cpu(1, 21, 20, 20) };
    const panels = panelsOf(now);
    expect(panels['cpu']?.note).toBe('2 cores');
    expect(drawn(panels['cpu'], before, now)).toEqual({ user: 0.375, system: 0.125 });
    expect(panels['cpu']?.headline?.word).toBe('busy');
    expect(drawn(panels['cores'], before, now)).toEqual({ 'core 0': 1, 'core 1': 0 });
  });

  test('used memory is what is not available', () => {
    const now = { memory_total_bytes: 8, memory_available_bytes: 3, memory_cached_bytes: 2 };
    expect(drawn(panelsOf(now)['memory'], now, now)).toEqual({ used: 5, cached: 2, total: 8 });
  });

  test('traffic has a line for each direction of each device', () => {
    const now = {
      'network_receive_bytes_total{device="eth0"}': 30,
      'network_transmit_bytes_total{device="eth0"}': 12,
    };
    const before = Object.fromEntries(Object.keys(now).map((key) => [key, 10]));
    expect(drawn(panelsOf(now)['network'], before, now)).toEqual({ 'eth0 receive': 20, 'eth0 transmit': 2 });
  });

  test('what a host sends to itself is left to the details', () => {
    const index = new SeriesIndex(
      ['lo', 'eth0'].map((device) => `network_receive_bytes_total{device="${device}"}`),
    );
    const [network] = systemPanels(index);
    expect(network?.series.map(({ label }) => label)).toEqual(['eth0 receive']);
    expect(ownPanels(index).system.map(({ series }) => series[0]?.label)).toEqual(['device="lo"']);
  });

  test('a file system is used by the share that is not available', () => {
    const now = {
      'filesystem_size_bytes{fstype="ext4",mountpoint="/"}': 10,
      'filesystem_available_bytes{fstype="ext4",mountpoint="/"}': 4,
    };
    expect(drawn(panelsOf(now)['filesystems'], now, now)).toEqual({ '/': 0.6 });
  });

  test('a host without any of it has none of the charts', () => {
    expect(systemPanels(new SeriesIndex(['own_metric']))).toEqual([]);
  });
});

describe('own charts', () => {
  const keys = ['orders{shop="a"}', 'orders{shop="b"}', 'jobs_total', 'swap_total_bytes', 'load1'];
  const index = new SeriesIndex(keys);
  systemPanels(index);
  const { custom, system } = ownPanels(index);

  test('every series that no system chart took has one, custom metrics apart from the system’s', () => {
    expect(custom.map(({ title, unit }) => [title, unit])).toEqual([
      ['jobs_total', 'per-second'],
      ['orders', 'number'],
    ]);
    expect(system.map(({ title }) => title)).toEqual(['swap_total_bytes']);
  });

  test('a line is named by its labels, or by the metric when it has none', () => {
    expect(custom.map(({ series }) => series.map(({ label }) => label))).toEqual([
      ['jobs_total'],
      ['shop="a"', 'shop="b"'],
    ]);
  });

  test('too many series are cut off, and that is said', () => {
    const many = Array.from({ length: SERIES_MAX + 3 }, (_, i) => `queue{q="${i}"}`);
    const [panel] = ownPanels(new SeriesIndex(many)).custom;
    expect([panel?.series.length, panel?.note]).toEqual([SERIES_MAX, '3 more series not drawn']);
  });
});
