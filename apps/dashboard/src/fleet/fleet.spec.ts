import { beforeEach, describe, expect, test } from 'vitest';
import { cellAt, cellOrigin, fleetGrid, stepCell } from './fleet-grid.ts';
import { fleetMetric, offeredNames, type Reading } from './fleet-metrics.ts';
import { FleetStore, isDemo } from './fleet-store.ts';
import { contrast, heatColour, textOnHeat } from './heat-scale.ts';

type Metrics = Readonly<Record<string, number>>;

function reading(timestamp: number, metrics: Metrics): Reading {
  return { timestamp, keys: Object.keys(metrics), values: Object.values(metrics) };
}

type Rgb = [number, number, number];
const rgb = (css: string): Rgb => css.match(/\d+/g)?.map(Number) as Rgb;

describe('measures', () => {
  const cpu = (idle: number, user: number): Metrics => ({
    'cpu_seconds_total{cpu="0",mode="idle"}': idle,
    'cpu_seconds_total{cpu="0",mode="user"}': user,
  });

  test('CPU is the share of time that was not idle between two readings', () => {
    const { measure } = fleetMetric('cpu');
    expect(measure(reading(2, cpu(10.75, 5.25)), reading(1, cpu(10, 5)))).toBe(0.25);
  });

  test('CPU of a single reading is not known', () => {
    expect(fleetMetric('cpu').measure(reading(1, cpu(1, 1)), undefined)).toBeUndefined();
  });

  test('memory is what is not available', () => {
    const now = reading(1, { memory_total_bytes: 8, memory_available_bytes: 2 });
    expect(fleetMetric('memory').measure(now, undefined)).toBe(0.75);
  });

  test('traffic adds the rates of all devices, whatever the order of the keys', () => {
    const key = (device: string): string => `network_receive_bytes_total{device="${device}"}`;
    const before = reading(1, { [key('a')]: 0, [key('b')]: 100 });
    const now = reading(3, { [key('b')]: 300, [key('a')]: 20 });
    expect(fleetMetric('network').measure(now, before)).toBe(110);
  });

  test('what a host sends to itself is no traffic', () => {
    const key = (device: string): string => `network_transmit_bytes_total{device="${device}"}`;
    const now = reading(2, { [key('lo')]: 900, [key('eth0')]: 30 });
    const before = reading(1, { [key('lo')]: 0, [key('eth0')]: 10 });
    expect(fleetMetric('network').measure(now, before)).toBe(20);
  });

  test('disk space is that of the fullest file system whose rest is known', () => {
    const size = (mount: string): string => `filesystem_size_bytes{mountpoint="${mount}"}`;
    const rest = (mount: string): string => `filesystem_available_bytes{mountpoint="${mount}"}`;
    const now = reading(1, {
      [size('/')]: 10,
      [size('/a')]: 10,
      [size('/b')]: 10,
      [rest('/a')]: 4,
      [rest('/')]: 9,
    });
    expect(fleetMetric('space').measure(now, undefined)).toBeCloseTo(0.6);
  });

  test('raw CPU time does not count idling, and is not offered beside the busy share', () => {
    const { measure } = fleetMetric('cpu_seconds_total');
    expect(measure(reading(2, cpu(10.75, 5.25)), reading(1, cpu(10, 5)))).toBe(0.25);
    expect(offeredNames(['cpu_seconds_total', 'load1'])).toEqual(['load1']);
  });

  test('any metric can be chosen by name: a gauge by its largest series, a counter by rate', () => {
    const now = reading(2, { 'queue{q="a"}': 3, 'queue{q="b"}': 7, jobs_total: 30 });
    expect(fleetMetric('queue').measure(now, undefined)).toBe(7);
    expect(fleetMetric('jobs_total').measure(now, reading(1, { jobs_total: 10 }))).toBe(20);
    expect(fleetMetric('nothing').measure(now, undefined)).toBeUndefined();
  });
});

describe('grid', () => {
  test.each([1, 40, 41, 150, 500, 1_500, 5_000])('%d hosts: a cell is found at its middle', (hosts) => {
    const grid = fleetGrid(hosts, 1_200);
    for (const index of [0, Math.floor(hosts / 2), hosts - 1]) {
      const { x, y } = cellOrigin(grid, index);
      expect(cellAt(grid, hosts, x + grid.cellWidth / 2, y + grid.cellHeight / 2)).toBe(index);
    }
    expect(cellOrigin(grid, hosts - 1).y + grid.cellHeight).toBeCloseTo(grid.height);
  });

  test('gaps and the space after the last cell belong to no host', () => {
    const grid = fleetGrid(3, 1_200);
    expect(cellAt(grid, 3, grid.cellWidth + grid.gap / 2, 5)).toBeUndefined();
    const after = cellOrigin(grid, 3);
    expect(cellAt(grid, 3, after.x + 1, after.y + 1)).toBeUndefined();
    expect(cellAt(grid, 3, -1, 0)).toBeUndefined();
  });

  test('a narrow screen has two columns that fill it', () => {
    expect(fleetGrid(3, 210)).toMatchObject({ columns: 2, cellWidth: 100 });
  });

  test('the focus moves by rows and columns and stops at the edges', () => {
    const grid = { ...fleetGrid(10, 1_200), columns: 4 };
    const from = (index: number) => (step: Parameters<typeof stepCell>[3]) => stepCell(grid, 10, index, step);
    expect((['left', 'right', 'up', 'down', 'home', 'end'] as const).map(from(5))).toEqual([
      4, 6, 1, 9, 0, 9,
    ]);
    expect((['left', 'up'] as const).map(from(0))).toEqual([0, 0]);
    expect((['right', 'down'] as const).map(from(9))).toEqual([9, 9]);
  });
});

describe('hosts', () => {
  let deafSinceMs: number | undefined;
  beforeEach(() => void (deafSinceMs = undefined));
  const store = (): FleetStore =>
    new FleetStore(fleetMetric('load'), () => ({ intervalMs: 1_000, deafSinceMs }));
  const host = (id: string, intervalMs = 1_000): { host: string; intervalMs: number; labels: {} } => {
    return { host: id, intervalMs, labels: {} };
  };
  const report = (id: string, timestamp: number) => {
    return { host: id, timestamp, keys: ['load1'], values: [timestamp], seenAtMs: timestamp * 1000 };
  };

  test('are sorted as people count', () => {
    const fleet = store();
    fleet.receive(
      ['web-10', 'web-2', 'db-1'].map((id) => host(id)),
      [],
    );
    expect(fleet.hosts().map(({ id }) => id)).toEqual(['db-1', 'web-2', 'web-10']);
  });

  test('of a demo come after the real ones', () => {
    const fleet = store();
    fleet.receive([{ ...host('a'), labels: { synthetic: 'true' } }, host('vm')], []);
    expect(fleet.hosts().map(({ id }) => id)).toEqual(['vm', 'a']);
  });

  test('are late after one and a half intervals and offline after three, by their own interval', () => {
    const fleet = store();
    fleet.receive([host('a', 10_000)], [report('a', 0)]);
    const [a] = fleet.hosts();
    if (a === undefined) throw new Error('the host is known');
    expect([1_000, 16_000, 31_000].map((at) => fleet.statusOf(a, at))).toEqual(['online', 'late', 'offline']);
  });

  test('are unknown while the page hears nothing, unless they were offline before', () => {
    const fleet = store();
    fleet.receive([host('a'), host('gone')], [report('a', 100), report('gone', 10)]);
    deafSinceMs = 100_500;
    expect(fleet.hosts().map((each) => fleet.statusOf(each, 200_000))).toEqual(['unknown', 'offline']);
  });

  test('a new snapshot forgets the hosts of the old one', () => {
    const fleet = store();
    fleet.receive([host('gone')], [report('gone', 1)]);
    fleet.reset();
    fleet.receive([host('a')], [report('a', 2)]);
    expect(fleet.hosts().map(({ id, value }) => [id, value])).toEqual([['a', 2]]);
  });

  test('only synthetic="true" is a demo', () => {
    expect([isDemo({ synthetic: 'true' }), isDemo({ synthetic: 'no' }), isDemo({})]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe.each(['light', 'dark'] as const)('%s heat scale', (theme) => {
  const ratios = Array.from({ length: 101 }, (_, i) => i / 100);

  test('its lightness is monotonic, so order survives without colour', () => {
    const against: Rgb = theme === 'dark' ? [0, 0, 0] : [255, 255, 255];
    const steps = ratios.map((ratio) => contrast(rgb(heatColour(theme, ratio)), against));
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  test('its text can be read on every step (WCAG AA)', () => {
    const onHeat = (ratio: number): number =>
      contrast(rgb(heatColour(theme, ratio)), rgb(textOnHeat(theme, ratio)));
    expect(Math.min(...ratios.map(onHeat))).toBeGreaterThanOrEqual(4.5);
  });

  test('values out of range get the colours of its ends', () => {
    expect(heatColour(theme, -1)).toBe(heatColour(theme, 0));
    expect(heatColour(theme, 9)).toBe(heatColour(theme, 1));
  });
});
