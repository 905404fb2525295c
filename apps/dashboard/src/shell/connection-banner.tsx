/** What is wrong, since when, and what the page does about it. Nothing while all is well. */
import type { JSX } from 'preact';
import { formatAge } from '../format/units.ts';
import type { ConnectionState } from '../live/live-connection.ts';
import { live, nowMs } from '../live/live-state.ts';
import { route } from '../route.ts';

export function ConnectionBanner(): JSX.Element | null {
  const state = live.state.value;
  switch (state.phase) {
    case 'connecting':
    case 'empty':
      return null; // The page itself says so, for it has nothing else to show.
    case 'live':
      return <LiveNotes state={state} />;
    case 'stale':
      return (
        <Banner kind="warn" title={staleTitle(state)}>
          {ageText(state)} {state.source?.missing.join('; ')}
        </Banner>
      );
    case 'reconnecting':
      return (
        <Banner kind="warn" title="The connection to the gateway is lost." retry>
          {ageText(state)} {retryText(state)}
        </Banner>
      );
    case 'error':
      return (
        <Banner kind="error" title={state.fault?.title ?? 'The gateway refused this page.'} retry>
          {state.fault?.detail}
        </Banner>
      );
  }
}

/** How long a page that was too slow says so. */
const SKIPPED_SHOWN_MS = 10_000;

/** What a live page may still lack. */
function LiveNotes({ state }: { state: ConnectionState }): JSX.Element | null {
  const { source, skipped, skippedAtMs, fault } = state;
  if (fault) {
    return (
      <Banner kind="error" title={fault.title}>
        {fault.detail}
      </Banner>
    );
  }
  if (source?.partial) {
    return (
      <Banner kind="warn" title="Some hosts may be missing.">
        {source.missing.join('; ')}
      </Banner>
    );
  }
  if (skippedAtMs === undefined || nowMs.value - skippedAtMs > SKIPPED_SHOWN_MS) return null;
  return (
    <Banner kind="info" title="This page reads slower than hosts report.">
      The server left out {skipped} values so far; the newest are always shown.
    </Banner>
  );
}

interface BannerProps {
  readonly kind: 'info' | 'warn' | 'error';
  readonly title: string;
  readonly retry?: boolean;
  readonly children: unknown;
}

function Banner({ kind, title, retry = false, children }: BannerProps): JSX.Element {
  return (
    <div class={`banner note-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <span>
        <b>{title}</b> {children as JSX.Element}
      </span>
      {retry && (
        <button type="button" class="button" onClick={() => live.connect()}>
          Try now
        </button>
      )}
    </div>
  );
}

function staleTitle({ source }: ConnectionState): string {
  if (source?.state === 'connecting') return 'The gateway is still connecting to its brokers.';
  if (source?.state === 'away') return 'The gateway does not reach its brokers.';
  if (source?.state === 'stale') return 'The gateway has no news from its brokers.';
  const here = route.value;
  return here.page === 'host' ? `${here.hostId} does not report.` : 'No host reports any more.';
}

function ageText({ dataAtMs }: ConnectionState): string {
  if (dataAtMs === undefined) return 'Nothing was received yet.';
  return `What you see is ${formatAge(nowMs.value - dataAtMs)} old.`;
}

function retryText({ retryAtMs }: ConnectionState): string {
  if (retryAtMs === undefined) return 'Trying now …';
  return `Next try in ${Math.max(0, Math.ceil((retryAtMs - nowMs.value) / 1000))} s.`;
}
