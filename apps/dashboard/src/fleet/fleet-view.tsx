/** All hosts at one glance. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { compileGlob } from '@ringwatch/live';
import type { ConnectionState } from '../live/live-connection.ts';
import { live, nowMs } from '../live/live-state.ts';
import { navigate, type Route } from '../route.ts';
import { EmptyFleet } from '../shell/empty-fleet.tsx';
import { Waiting } from '../shell/waiting.tsx';
import { fleetMetric, type FleetMetric } from './fleet-metrics.ts';
import { FleetMap } from './fleet-map.tsx';
import { FleetStore, type FleetContext, type FleetHost, type HostStatus } from './fleet-store.ts';
import { FleetTable } from './fleet-table.tsx';
import { FleetToolbar } from './fleet-toolbar.tsx';
import { HeatLegend } from './heat-legend.tsx';

type FleetRoute = Extract<Route, { page: 'fleet' }>;

export function FleetView({ route }: { route: FleetRoute }): JSX.Element {
  const metric = useMemo(() => fleetMetric(route.metric), [route.metric]);
  const store = useFleetStore(metric);
  const all = store.hosts();
  const hosts = useMemo(() => matching(all, route.find), [all, route.find]);
  const { phase } = live.state.value;
  if (all.length === 0) return phase === 'empty' ? <EmptyFleet /> : <Waiting what="the fleet" />;
  const full = store.metric.full ?? niceMax(hosts);
  const change = (part: Partial<FleetRoute>): void => navigate({ ...route, ...part }, 'replace');
  return (
    <main class="page">
      <div class="page-head">
        <h1>Fleet</h1>
        <Counts store={store} hosts={all} />
      </div>
      <div class="fleet-bar">
        <FleetToolbar route={route} metric={metric} change={change} />
        {route.view === 'map' && <HeatLegend metric={store.metric} full={full} />}
      </div>
      {hosts.length === 0 && <p class="muted">No host matches “{route.find}”.</p>}
      {route.view === 'map' && hosts.length > 0 && <FleetMap store={store} hosts={hosts} full={full} />}
      {route.view === 'table' && hosts.length > 0 && <FleetTable store={store} hosts={hosts} />}
    </main>
  );
}

/** The hosts by `metric`; until they are there, those by the metric before: the page does not blink. */
function useFleetStore(metric: FleetMetric): FleetStore {
  const store = useMemo(() => new FleetStore(metric, () => contextOf(live.state.value)), [metric]);
  const shown = useRef(store);
  useEffect(() => {
    return live.subscribe({ type: 'subscribe', id: 'fleet', metrics: { names: metric.names } }, store);
  }, [store]);
  void store.changed.value; // Read so that the page follows the data.
  const { phase } = live.state.value;
  if (store.hosts().length > 0 || phase === 'empty') shown.current = store;
  return shown.current;
}

/** The page is deaf while it has no socket, and while its gateway has no brokers. */
function contextOf({ phase, source, dataAtMs, intervalMs }: ConnectionState): FleetContext {
  const deaf =
    phase === 'reconnecting' || phase === 'error' || (source !== undefined && source.state !== 'live');
  return { intervalMs, deafSinceMs: deaf ? (dataAtMs ?? 0) : undefined };
}

function Counts({ store, hosts }: { store: FleetStore; hosts: readonly FleetHost[] }): JSX.Element {
  const counts: Record<HostStatus, number> = { online: 0, late: 0, offline: 0, unknown: 0 };
  for (const host of hosts) counts[store.statusOf(host, nowMs.value)]++;
  return (
    <ul class="counts" aria-label="Hosts by status">
      <li>
        <b>{hosts.length}</b> {hosts.length === 1 ? 'host' : 'hosts'}
      </li>
      {(Object.keys(counts) as HostStatus[])
        .filter((status) => counts[status] > 0)
        .map((status) => (
          <li key={status}>
            <span class={`dot status-${status}`} aria-hidden="true" />
            <b>{counts[status]}</b> {status}
          </li>
        ))}
    </ul>
  );
}

/** Hosts whose name contains `find`, or matches it when it has a star. */
function matching(hosts: readonly FleetHost[], find: string): readonly FleetHost[] {
  if (find === '') return hosts;
  const matches = compileGlob((find.includes('*') ? find : `*${find}*`).toLowerCase());
  return hosts.filter((host) => matches(host.id.toLowerCase()));
}

/**
 * The largest value, rounded up to 1, 2 or 5 times a power of ten, so that the scale does not jump each
 * second.
 */
function niceMax(hosts: readonly FleetHost[]): number {
  let max = 0;
  for (const { value } of hosts) if (value !== undefined && value > max) max = value;
  if (max === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= max) as number;
  return step * power;
}
