import type { JSX } from 'preact';

/** The project's mark: a ring of tokens. */
export function RingMark({ size }: { size: number }): JSX.Element {
  return (
    <svg class="ring-mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <circle class="ring-track" cx="16" cy="16" r="11" />
      <path class="ring-arc" d="M16 5a11 11 0 0 1 10.5 7.7" />
      <path class="ring-arc" d="M25.5 21.5A11 11 0 0 1 14 26.8" />
      <circle class="ring-dot" cx="16" cy="16" r="2.5" />
    </svg>
  );
}
