import { signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { live, view, viewing } from '../live/live-state.ts';
import { Problem } from '../live/rest.ts';
import { backfill, pagesUntil } from './backfill.ts';
import { HostWindow } from './host-window.ts';

/** How the query for the past went. */
export type PastState =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly missing: readonly string[] }
  | { readonly state: 'failed'; readonly problem: Problem };

/** Points kept before the shown range, so that rates and gaps at its left edge are right. */
const MARGIN_SECONDS = 10;

/**
 * A host's window: subscribed while mounted, filled with the past after every snapshot (so after a lost
 * connection too), trimmed to `seconds` while the page follows the newest data.
 */
export function useHostWindow(
  hostId: string,
  seconds: number,
): { readonly window: HostWindow; readonly past: ReadonlySignal<PastState> } {
  const { window, past, start } = useMemo(() => hostWindow(hostId, seconds), [hostId, seconds]);
  useEffect(start, [start]);
  return { window, past };
}

function hostWindow(hostId: string, seconds: number) {
  const past = signal<PastState>({ state: 'loading' });
  let abort = new AbortController();
  const window = new HostWindow((newest) => {
    abort.abort();
    abort = new AbortController();
    const { signal: cancelled } = abort;
    backfill(pagesUntil(hostId, newest), newest - seconds, cancelled, (reports) =>
      window.merge(reports),
    ).then(
      ({ missing }) => void (past.value = { state: 'ready', missing }),
      (error: unknown) => {
        if (!cancelled.aborted) past.value = { state: 'failed', problem: problemOf(error) };
      },
    );
  });
  const start = (): (() => void) => {
    const unsubscribe = live.subscribe({ type: 'subscribe', id: 'host', hosts: { ids: [hostId] } }, window);
    const unfollow = window.changed.subscribe(() => {
      view('update');
      if (viewing.peek().mode === 'following') window.trim((window.newest ?? 0) - seconds - MARGIN_SECONDS);
    });
    return () => {
      unsubscribe();
      unfollow();
      abort.abort();
    };
  };
  return { window, past, start };
}

function problemOf(error: unknown): Problem {
  return error instanceof Problem
    ? error
    : new Problem(0, 'The past could not be read', String(error), undefined);
}
