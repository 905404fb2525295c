/**
 * What the fleet can be coloured by: measures of whole hosts that combine several series, and any metric by
 * its own name.
 */
import { isCounter, metricName } from '@ringwatch/metrics';
import type { DecodedReport } from '@ringwatch/live';
import { rateBetween } from '../format/rate.ts';
import { unitOf, type Unit } from '../format/units.ts';
import { traitsOfKey } from '../series-traits.ts';

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

const CPU = 'cpu_seconds_total';

/** Measures that every fleet offers, the default first. */
export const FLEET_METRICS: readonly FleetMetric[] = [
  { id: 'cpu', title: 'CPU busy', unit: 'percent', names: [CPU], full: 1, measure: cpuBusy },
  share('memory', 'Memory used', 'memory_total_bytes', 'memory_available_bytes'),
  {
    id: 'load',
    title: 'Load (1 min)',
    unit: 'number',
    names: ['load1'],
    full: undefined,
    measure: maxOf('load1'),
  },
  traffic('network', 'Network', ['network_receive_bytes_total', 'network_transmit_bytes_total']),
  share('space', 'Disk space used', 'filesystem_size_bytes', 'filesystem_available_bytes'),
  traffic('disk', 'Disk I/O', ['disk_read_bytes_total', 'disk_written_bytes_total']),
];

/** The measure with this id, or the metric of this name. */
export function fleetMetric(id: string): FleetMetric {
  return FLEET_METRICS.find((metric) => metric.id === id) ?? customMetric(id);
}

/** Those of `names` that say something of a host by themselves; CPU time does only as a share. */
export function offeredNames(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== CPU);
}

/** A metric by its own name: a gauge's largest series, a counter's rates added up. */
function customMetric(name: string): FleetMetric {
  const measure = isCounter(name) ? sumOfRates([name]) : maxOf(name);
  return { id: name, title: name, unit: unitOf(name), names: [name], full: undefined, measure };
}

function traffic(id: string, title: string, names: readonly string[]): FleetMetric {
  return { id, title, unit: 'bytes-per-second', names, full: undefined, measure: sumOfRates(names) };
}

/** How full: of several pairs, as of file systems, the fullest. */
function share(id: string, title: string, total: string, available: string): FleetMetric {
  const measure = (now: Reading): number | undefined => fullestOf(now, total, available);
  return { id, title, unit: 'percent', names: [total, available], full: 1, measure };
}

/** The share of all cores' time that was not idle since the reading before. */
function cpuBusy(now: Reading, before: Reading | undefined): number | undefined {
  let busy = 0;
  let all = 0;
  for (const { key, rate } of rates(now, before, [CPU])) {
    all += rate;
    if (!traitsOfKey(key).idle) busy += rate;
  }
  return all > 0 ? busy / all : undefined;
}

function fullestOf(now: Reading, total: string, available: string): number | undefined {
  const rests = new Map<string, number>();
  for (const [labels, rest] of seriesOf(now, available)) rests.set(labels, rest);
  let fullest: number | undefined;
  for (const [labels, all] of seriesOf(now, total)) {
    const rest = rests.get(labels);
    if (rest === undefined || all <= 0) continue;
    fullest = Math.max(fullest ?? 0, 1 - rest / all);
  }
  return fullest;
}

function maxOf(name: string): (now: Reading) => number | undefined {
  return (now) => {
    let max: number | undefined;
    for (const [, value] of seriesOf(now, name)) if (max === undefined || value > max) max = value;
    return max;
  };
}

/** The series of a metric: what follows its name in the key, and the value. */
function* seriesOf({ keys, values }: Reading, name: string): Generator<[labels: string, value: number]> {
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const value = values[i];
    if (typeof value === 'number' && metricName(key) === name) yield [key.slice(name.length), value];
  }
}

/** What a host does in all: idling is no work, and talking to itself is no traffic. */
function sumOfRates(names: readonly string[]): FleetMetric['measure'] {
  return (now, before) => {
    let sum: number | undefined;
    for (const { key, rate } of rates(now, before, names)) {
      const { idle, loopback } = traitsOfKey(key);
      if (!idle && !loopback) sum = (sum ?? 0) + rate;
    }
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
