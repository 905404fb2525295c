/** One host: its charts, live. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { RANGES, type HostRoute } from '../route.ts';
import { Waiting } from '../shell/waiting.tsx';
import { Chart } from './chart.tsx';
import { follow, frozen, type TimeSpan } from './chart-time.ts';
import { ColumnReader } from './column-reader.ts';
import { HostHeader } from './host-header.tsx';
import type { HostWindow } from './host-window.ts';
import { MissingHost } from './missing-host.tsx';
import { ownPanels } from './own-panels.ts';
import type { Panel } from './panel.ts';
import { PastNote } from './past-note.tsx';
import { PausedBar } from './paused-bar.tsx';
import { SeriesIndex } from './series-index.ts';
import { systemPanels } from './system-panels.ts';
import { useHostMissing } from './use-host-missing.ts';
import { useHostWindow } from './use-host-window.ts';

export function HostView({ route }: { route: HostRoute }): JSX.Element {
  const seconds = RANGES[route.range];
  const { window, past } = useHostWindow(route.hostId, seconds);
  const reader = useMemo(() => new ColumnReader(window), [window]);
  const span = useMemo(() => spanOf(window, seconds), [window, seconds]);
  const panels = usePanels(window);
  useEffect(() => follow, [window]);
  void window.changed.value; // Read so that the first point replaces the waiting page.
  const missing = useHostMissing(route.hostId, window.newest === undefined);
  if (window.newest === undefined) {
    return missing ? <MissingHost hostId={route.hostId} /> : <Waiting what={route.hostId} />;
  }
  const chart = (panel: Panel): JSX.Element => (
    <Chart key={panel.id} panel={panel} window={window} reader={reader} span={span} />
  );
  return (
    <main class="page">
      <HostHeader route={route} window={window} span={span} />
      <PastNote past={past.value} />
      <h2 class="visually-hidden">System</h2>
      <div class="charts">{panels.system.map(chart)}</div>
      {panels.custom.length > 0 && (
        <>
          <h2>Custom metrics</h2>
          <div class="charts">{panels.custom.map(chart)}</div>
        </>
      )}
      {panels.details.length > 0 && <Details panels={panels.details} chart={chart} />}
      <PausedBar />
    </main>
  );
}

interface Panels {
  readonly system: readonly Panel[];
  readonly custom: readonly Panel[];
  /** What else the agent reads from the system. */
  readonly details: readonly Panel[];
}

/** The charts for the host's series; made anew only when a series is new. */
function usePanels(window: HostWindow): Panels {
  const version = window.keysChanged.value;
  return useMemo(() => {
    const index = new SeriesIndex(window.keys());
    const system = systemPanels(index);
    const { custom, system: details } = ownPanels(index);
    return { system, custom, details };
  }, [window, version]);
}

/** What the charts show: the newest `seconds`, or what the viewer stopped at. */
function spanOf(window: HostWindow, seconds: number): () => TimeSpan {
  return () => {
    const end = window.newest ?? 0;
    return frozen.value ?? { start: end - seconds, end };
  };
}

interface DetailsProps {
  readonly panels: readonly Panel[];
  chart(panel: Panel): JSX.Element;
}

/** Charts that few look at; drawn only while they are open. */
function Details({ panels, chart }: DetailsProps): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <details class="more" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="h2">System details</span>
        <span class="muted">{panels.length} more charts</span>
      </summary>
      {open && <div class="charts">{panels.map(chart)}</div>}
    </details>
  );
}
