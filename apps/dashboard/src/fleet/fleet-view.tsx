/** All hosts at one glance. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { scaleEnd } from '../format/units.ts';
import type { ConnectionState } from '../live/live-connection.ts';
import { live, nowMs } from '../live/live-state.ts';
import { navigate, type FleetRoute } from '../route.ts';
import { EmptyFleet } from '../shell/empty-fleet.tsx';
import { Waiting } from '../shell/waiting.tsx';
import { compileFind } from './find-hosts.ts';
import { FleetCounts } from './fleet-counts.tsx';
import { fleetMetric, type FleetMetric } from './fleet-metrics.ts';
import { FleetMap } from './fleet-map.tsx';
import { FleetStore, type FleetContext, type FleetHost } from './fleet-store.ts';
import { FleetTable } from './fleet-table.tsx';
import { FleetToolbar } from './fleet-toolbar.tsx';
import { HeatLegend } from './heat-legend.tsx';
import type { HostStatus } from './host-status.ts';

export function FleetView({ route }: { route: FleetRoute }): JSX.Element {
  const metric = useMemo(() => fleetMetric(route.metric), [route.metric]);
  const store = useFleetStore(metric);
  const all = store.hosts();
  const found = useMemo(() => all.filter(compileFind(route.find)), [all, route.find]);
  const statuses = found.map((host) => store.statusOf(host, nowMs.value));
  const hosts = useOfStatus(found, statuses, route.status);
  const { phase } = live.state.value;
  if (all.length === 0) return phase === 'empty' ? <EmptyFleet /> : <Waiting what="the fleet" />;
  const full = store.metric.full ?? scaleEnd(largest(hosts), store.metric.unit);
  const change = (part: Partial<FleetRoute>): void => navigate({ ...route, ...part }, 'replace');
  return (
    <main class="page">
      <div class="page-head">
        <h1>Fleet</h1>
        <FleetCounts
          statuses={statuses}
          total={all.length}
          chosen={route.status}
          choose={(status) => change({ status })}
        />
      </div>
      <div class="fleet-bar">
        <FleetToolbar route={route} metric={metric} change={change} />
        {route.view === 'map' && <HeatLegend metric={store.metric} full={full} />}
      </div>
      {hosts.length === 0 && <NoneFound route={route} />}
      {route.view === 'map' && hosts.length > 0 && <FleetMap store={store} hosts={hosts} full={full} />}
      {route.view === 'table' && hosts.length > 0 && <FleetTable store={store} hosts={hosts} />}
    </main>
  );
}

function NoneFound({ route: { find, status } }: { route: FleetRoute }): JSX.Element {
  return (
    <p class="muted" role="status">
      No host {status !== undefined && `is ${status}`} {status !== undefined && find !== '' && 'and'}{' '}
      {find !== '' && `matches “${find}”`}.
    </p>
  );
}

/** Those of `hosts` whose status is `wanted`; the same array while they are the same. */
function useOfStatus(
  hosts: readonly FleetHost[],
  statuses: readonly HostStatus[],
  wanted: HostStatus | undefined,
): readonly FleetHost[] {
  const kept = useRef(hosts);
  const next = wanted === undefined ? hosts : hosts.filter((_, i) => statuses[i] === wanted);
  const same = next.length === kept.current.length && next.every((host, i) => host === kept.current[i]);
  if (!same) kept.current = next;
  return kept.current;
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

function largest(hosts: readonly FleetHost[]): number {
  return hosts.reduce((max, { value = 0 }) => Math.max(max, value), 0);
}
