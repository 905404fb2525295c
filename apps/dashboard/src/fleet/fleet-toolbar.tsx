import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { FleetRoute } from '../route.ts';
import { knownMetricNames } from '../live/rest.ts';
import { FLEET_METRICS, offeredNames, type FleetMetric } from './fleet-metrics.ts';

export interface FleetToolbarProps {
  readonly route: FleetRoute;
  readonly metric: FleetMetric;
  change(change: Partial<Omit<FleetRoute, 'page'>>): void;
}

/** What the fleet is coloured by, which hosts are shown, and how. */
export function FleetToolbar({ route, metric, change }: FleetToolbarProps): JSX.Element {
  const names = offeredNames(useMetricNames());
  const own = names.includes(metric.id) || FLEET_METRICS.includes(metric) ? names : [metric.id, ...names];
  return (
    <div class="toolbar" role="toolbar" aria-label="Fleet view">
      <label class="field">
        <span>Colour by</span>
        <select value={metric.id} onChange={(event) => change({ metric: event.currentTarget.value })}>
          <optgroup label="Of the whole host">
            {FLEET_METRICS.map(({ id, title }) => (
              <option key={id} value={id} selected={id === metric.id}>
                {title}
              </option>
            ))}
          </optgroup>
          {own.length > 0 && (
            <optgroup label="By metric name">
              {own.map((name) => (
                <option key={name} value={name} selected={name === metric.id}>
                  {name}
                </option>
              ))}
            </optgroup>
          )}
        </select>
      </label>
      <label class="field">
        <span>Find</span>
        <input
          type="search"
          placeholder="web, web-* or role:db"
          spellcheck={false}
          value={route.find}
          onInput={(event) => change({ find: event.currentTarget.value })}
        />
      </label>
      <div class="segments" role="group" aria-label="View as">
        {(['map', 'table'] as const).map((view) => (
          <button
            key={view}
            type="button"
            aria-pressed={route.view === view}
            onClick={() => change({ view })}
          >
            {view === 'map' ? 'Map' : 'Table'}
          </button>
        ))}
      </div>
    </div>
  );
}

/** Names of metrics that some hosts report; empty until known, and when the gateway cannot say. */
function useMetricNames(): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    knownMetricNames(abort.signal).then(setNames, () => undefined);
    return () => abort.abort();
  }, []);
  return names;
}
