import { compileGlob } from './glob.ts';
import type { HostFilter, MetricFilter, SubscribeFrame } from './frame.ts';

type Filtered = Pick<SubscribeFrame, 'id' | 'hosts' | 'metrics'>;

/** A subscription's filters, ready to be asked a million times. */
export interface LiveFilter {
  /** Equal for subscriptions that get the same frames: same id, same filters in any order. */
  readonly key: string;
  /** True when there are globs, so that each answer may take a while. */
  readonly costly: boolean;
  matchesId(hostId: string): boolean;
  matchesLabels(labels: Readonly<Record<string, string>>): boolean;
  matchesSeries(key: string): boolean;
}

/** Compiles the filters of `frame`. */
export function compileFilter(frame: Filtered): LiveFilter {
  const { hosts = {}, metrics = {} } = frame;
  const wantedLabels = Object.entries(hosts.labels ?? {});
  return {
    key: filterKey(frame),
    costly: (hosts.globs?.length ?? 0) > 0 || (metrics.globs?.length ?? 0) > 0,
    matchesId: compileIds(hosts),
    matchesLabels: (has) =>
      wantedLabels.every(([name, value]) => Object.hasOwn(has, name) && has[name] === value),
    matchesSeries: compileMetrics(metrics),
  };
}

function compileIds({ ids = [], globs = [] }: HostFilter): LiveFilter['matchesId'] {
  const wantedIds = new Set(ids);
  const tests = globs.map(compileGlob);
  if (wantedIds.size === 0 && tests.length === 0) return () => true;
  return (hostId) => wantedIds.has(hostId) || tests.some((test) => test(hostId));
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
