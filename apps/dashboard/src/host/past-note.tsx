import type { JSX } from 'preact';
import type { PastState } from './use-host-window.ts';

/** Says what the charts lack of the past; nothing when they lack nothing. */
export function PastNote({ past }: { past: PastState }): JSX.Element | null {
  switch (past.state) {
    case 'loading':
      return null;
    case 'ready':
      if (past.missing.length === 0) return null;
      return <p class="note note-warn">The past is incomplete: {past.missing.join('; ')}.</p>;
    case 'failed':
      return (
        <p class="note note-error" role="alert">
          <b>{past.problem.title}</b> {past.problem.message !== past.problem.title && past.problem.detail}
          {past.problem.traceId && <code>trace {past.problem.traceId}</code>}
        </p>
      );
  }
}
