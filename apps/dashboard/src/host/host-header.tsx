import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { isDemo } from '../fleet/fleet-store.ts';
import { formatAge, formatTime } from '../format/units.ts';
import { live, nowMs, viewing } from '../live/live-state.ts';
import { navigate, RANGES, type HostRoute, type Range } from '../route.ts';
import { isTyping } from '../shell/keys.ts';
import { follow, togglePause, type TimeSpan } from './chart-time.ts';
import type { HostWindow } from './host-window.ts';

export interface HostHeaderProps {
  readonly route: HostRoute;
  readonly window: HostWindow;
  readonly span: () => TimeSpan;
}

/** Who the host is, how fresh its data is, and what the charts show. */
export function HostHeader({ route, window, span }: HostHeaderProps): JSX.Element {
  useKeys(span);
  const labels = window.about.value?.labels ?? {};
  const names = Object.entries(labels).filter(([name]) => name !== 'synthetic');
  return (
    <div class="page-head host-head">
      <div class="host-title">
        <h1>{route.hostId}</h1>
        {isDemo(labels) && <span class="badge">demo</span>}
        <Freshness window={window} />
      </div>
      <div class="toolbar" role="toolbar" aria-label="Time shown">
        <div class="segments" role="group" aria-label="Range">
          {(Object.keys(RANGES) as Range[]).map((range) => (
            <button
              key={range}
              type="button"
              aria-pressed={route.range === range}
              onClick={() => navigate({ ...route, range }, 'replace')}
            >
              {range}
            </button>
          ))}
        </div>
        <button
          type="button"
          class="button"
          aria-keyshortcuts="Space"
          aria-pressed={viewing.value.mode === 'paused'}
          onClick={() => togglePause(span())}
        >
          Pause
        </button>
      </div>
      {names.length > 0 && (
        <ul class="labels" aria-label="Labels">
          {names.map(([name, value]) => (
            <li key={name}>
              <span class="muted">{name}</span> {value}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** When the host was heard of last; old news is said, not only shown. */
function Freshness({ window }: { readonly window: HostWindow }): JSX.Element {
  void window.changed.value; // Read so that it follows the data.
  const { phase } = live.state.value;
  const ageMs = nowMs.value - (window.seenAtMs ?? nowMs.value);
  if (phase === 'live') return <span class="muted">reports every {intervalText(window)}</span>;
  return (
    <span class="status-text status-late">
      last report {formatTime(window.newest ?? 0)}, {formatAge(ageMs)} ago
    </span>
  );
}

function intervalText(window: HostWindow): string {
  const intervalMs = window.about.value?.intervalMs || live.state.value.intervalMs;
  return intervalMs === 1_000 ? 'second' : `${intervalMs / 1_000} s`;
}

/** Space stops and goes on, L goes back to live. */
function useKeys(span: () => TimeSpan): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (isTyping(event)) return;
      if (event.key === 'l' || event.key === 'L') return follow();
      if (event.key !== ' ' || event.target instanceof HTMLButtonElement) return;
      event.preventDefault();
      togglePause(span());
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [span]);
}
