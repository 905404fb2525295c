import { compileGlob } from './glob.ts';
import type { HostFilter, MetricFilter, SubscribeFrame } from './frame.ts';

type Filtered = Pick<SubscribeFrame, 'id' | 'hosts' | 'metrics'>;

/** A subscription's filters, ready to be asked a million times. */
export interface LiveFilter {
  /** Equal for subscriptions that get the same frames: same id, same filters in any order. */
  readonly key: string;
  matchesHost(hostId: string, labels: Readonly<Record<string, string>>): boolean;
  matchesSeries(key: string): boolean;
}

/** Compiles the filters of `frame`. */
export function compileFilter(frame: Filtered): LiveFilter {
  return {
    key: filterKey(frame),
    matchesHost: compileHosts(frame.hosts ?? {}),
    matchesSeries: compileMetrics(frame.metrics ?? {}),
  };
}

function compileHosts({ ids = [], globs = [], labels = {} }: HostFilter): LiveFilter['matchesHost'] {
  const wantedIds = new Set(ids);
  const tests = globs.map(compileGlob);
  const wantedLabels = Object.entries(labels);
  const anyHost = wantedIds.size === 0 && tests.length === 0;
  return (hostId, has) =>
    (anyHost || wantedIds.has(hostId) || tests.some((test) => test(hostId))) &&
    wantedLabels.every(([name, value]) => Object.hasOwn(has, name) && has[name] === value);
}

function compileMetrics({ names = [], globs = [], series = [] }: MetricFilter): LiveFilter['matchesSeries'] {
  const wantedNames = new Set(names);
  const wantedSeries = new Set(series);
  const tests = globs.map(compileGlob);
  if (wantedNames.size === 0 && wantedSeries.size === 0 && tests.length === 0) return () => true;
  return (key) => wantedSeries.has(key) || wantedNames.has(nameOf(key)) || tests.some((test) => test(key));
}

/** The metric name of a series key: what stands before its labels. */
function nameOf(key: string): string {
  const brace = key.indexOf('{');
  return brace < 0 ? key : key.slice(0, brace);
}

function filterKey({ id, hosts = {}, metrics = {} }: Filtered): string {
  const sorted = (list: readonly string[] = []): readonly string[] => [...new Set(list)].sort();
  const labels = Object.entries(hosts.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    id,
    [sorted(hosts.ids), sorted(hosts.globs), labels],
    [sorted(metrics.names), sorted(metrics.globs), sorted(metrics.series)],
  ]);
}
