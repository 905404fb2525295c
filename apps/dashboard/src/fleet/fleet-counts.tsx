import type { JSX } from 'preact';
import { HOST_STATUSES, type HostStatus } from './host-status.ts';

export interface FleetCountsProps {
  /** Statuses of the hosts that the search found. */
  readonly statuses: readonly HostStatus[];
  /** How many hosts there are in all. */
  readonly total: number;
  readonly chosen: HostStatus | undefined;
  choose(status: HostStatus | undefined): void;
}

/** How many hosts there are of each status; each count shows only those. */
export function FleetCounts({ statuses, total, chosen, choose }: FleetCountsProps): JSX.Element {
  const found = statuses.length;
  const shown = HOST_STATUSES.filter((status) => status === chosen || statuses.includes(status));
  return (
    <div class="counts" role="group" aria-label="Hosts by status">
      <button type="button" aria-pressed={chosen === undefined} onClick={() => choose(undefined)}>
        <b>{found}</b>
        {found < total && ` of ${total}`} {total === 1 ? 'host' : 'hosts'}
      </button>
      {shown.map((status) => (
        <button
          key={status}
          type="button"
          class={`count-${status}`}
          aria-pressed={status === chosen}
          onClick={() => choose(status === chosen ? undefined : status)}
        >
          <span class={`dot status-${status}`} aria-hidden="true" />
          <b>{statuses.filter((each) => each === status).length}</b> {status}
        </button>
      ))}
    </div>
  );
}
