/**
 * What the fleet can be coloured by: a few measures that combine several series, and any metric by its own
 * name.
 */
import { isCounter, metricName, parseSeriesKey } from '@ringwatch/metrics';
import type { DecodedReport } from '@ringwatch/live';
import { rateBetween } from '../format/rate.ts';
import { unitOf, type Unit } from '../format/units.ts';

/** One host's readings at one instant. */
export type Reading = Pick<DecodedReport, 'timestamp' | 'keys' | 'values'>;

export interface FleetMetric {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  /** Metric names that the page must subscribe to for it. */
  readonly names: readonly string[];
  /** The value that gets the strongest colour; undefined when it follows the fleet's maximum. */
  readonly full: number | undefined;
  /** One number for a host; undefined when its readings do not say. */
  measure(now: Reading, before: Reading | undefined): number | undefined;
}

/** Measures that every fleet offers, the default first. */
export const FLEET_METRICS: readonly FleetMetric[] = [
  { id: 'cpu', title: 'CPU', unit: 'percent', names: ['cpu_seconds_total'], full: 1, measure: cpuBusy },
  {
    id: 'memory',
    title: 'Memory',
    unit: 'percent',
    names: ['memory_total_bytes', 'memory_available_bytes'],
    full: 1,
    measure: (now) => shareUsed(now, 'memory_total_bytes', 'memory_available_bytes'),
  },
  {
    id: 'load',
    title: 'Load (1 min)',
    unit: 'number',
    names: ['load1'],
    full: undefined,
    measure: maxOf('load1'),
  },
  traffic('network', 'Network', ['network_receive_bytes_total', 'network_transmit_bytes_total']),
  traffic('disk', 'Disk I/O', ['disk_read_bytes_total', 'disk_written_bytes_total']),
];

/** The measure with this id, or the metric of this name. */
export function fleetMetric(id: string): FleetMetric {
  return FLEET_METRICS.find((metric) => metric.id === id) ?? customMetric(id);
}

/** A metric by its own name: a gauge's largest series, a counter's rates added up. */
function customMetric(name: string): FleetMetric {
  const measure = isCounter(name) ? sumOfRates([name]) : maxOf(name);
  return { id: name, title: name, unit: unitOf(name), names: [name], full: undefined, measure };
}

function traffic(id: string, title: string, names: readonly string[]): FleetMetric {
  return { id, title, unit: 'bytes-per-second', names, full: undefined, measure: sumOfRates(names) };
}

/** The share of all cores' time that was not idle since the reading before. */
function cpuBusy(now: Reading, before: Reading | undefined): number | undefined {
  let busy = 0;
  let all = 0;
  for (const { key, rate } of rates(now, before, ['cpu_seconds_total'])) {
    all += rate;
    if (!isIdle(key)) busy += rate;
  }
  return all > 0 ? busy / all : undefined;
}

const idleKeys = new Map<string, boolean>();
const IDLE_KEYS_MAX = 10_000;

/**
 * Whether a CPU series counts idle time. Remembered, because it is asked for every core of every host each
 * second.
 */
function isIdle(key: string): boolean {
  const known = idleKeys.get(key);
  if (known !== undefined) return known;
  const mode = parseSeriesKey(key).labels.find(([name]) => name === 'mode')?.[1];
  if (idleKeys.size >= IDLE_KEYS_MAX) idleKeys.clear();
  const idle = mode === 'idle' || mode === 'iowait';
  idleKeys.set(key, idle);
  return idle;
}

function shareUsed(now: Reading, total: string, available: string): number | undefined {
  const all = maxOf(total)(now);
  const rest = maxOf(available)(now);
  return all === undefined || rest === undefined || all <= 0 ? undefined : 1 - rest / all;
}

function maxOf(name: string): (now: Reading) => number | undefined {
  return ({ keys, values }) => {
    let max: number | undefined;
    for (let i = 0; i < keys.length; i++) {
      const value = values[i];
      if (typeof value !== 'number' || metricName(keys[i] as string) !== name) continue;
      if (max === undefined || value > max) max = value;
    }
    return max;
  };
}

function sumOfRates(names: readonly string[]): FleetMetric['measure'] {
  return (now, before) => {
    let sum: number | undefined;
    for (const { rate } of rates(now, before, names)) sum = (sum ?? 0) + rate;
    return sum;
  };
}

function* rates(
  now: Reading,
  before: Reading | undefined,
  names: readonly string[],
): Generator<{ key: string; rate: number }> {
  if (before === undefined) return;
  const sameKeys = now.keys === before.keys;
  for (let i = 0; i < now.keys.length; i++) {
    const key = now.keys[i] as string;
    if (!names.includes(metricName(key))) continue;
    const value = now.values[i];
    const old = before.values[sameKeys ? i : before.keys.indexOf(key)];
    if (typeof value !== 'number' || typeof old !== 'number') continue;
    const rate = rateBetween(old, before.timestamp, value, now.timestamp);
    if (rate !== undefined) yield { key, rate };
  }
}
