/** The map's twin in words and numbers, for screen readers, for sorting and for copying. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatAge, formatValue } from '../format/units.ts';
import { nowMs } from '../live/live-state.ts';
import { takeLeftHost } from '../route.ts';
import { HostLink } from '../shell/host-link.tsx';
import { isDemo, type FleetHost, type FleetStore } from './fleet-store.ts';
import { FLEET_ORDERS, orderHosts, type FleetOrder } from './fleet-order.ts';

const PAGE_ROWS = 100;

export interface FleetTableProps {
  readonly store: FleetStore;
  readonly hosts: readonly FleetHost[];
}

export function FleetTable({ store, hosts }: FleetTableProps): JSX.Element {
  const [order, setOrder] = useState<FleetOrder>('name');
  const [page, setPage] = useState(0);
  const body = useRef<HTMLTableSectionElement>(null);
  void store.changed.value; // Read so that the rows follow the data.
  const sorted = orderHosts(hosts, order, (host) => store.statusOf(host, nowMs.value));
  const pages = Math.max(1, Math.ceil(sorted.length / PAGE_ROWS));
  const shown = Math.min(page, pages - 1);
  useEffect(() => {
    const leftHost = takeLeftHost();
    const index = sorted.findIndex(({ id }) => id === leftHost);
    if (index < 0) return;
    setPage(Math.floor(index / PAGE_ROWS));
    // By then the page that has its row is drawn.
    requestAnimationFrame(() => body.current?.rows[index % PAGE_ROWS]?.querySelector('a')?.focus());
  }, []);
  const header = (of: FleetOrder, title: string): JSX.Element => (
    <th scope="col" aria-sort={order === of ? FLEET_ORDERS[of] : 'none'}>
      <button type="button" class="sort" onClick={() => setOrder(of)}>
        {title}
        <span aria-hidden="true">{order === of && (FLEET_ORDERS[of] === 'ascending' ? ' ▲' : ' ▼')}</span>
      </button>
    </th>
  );
  return (
    <div class="card table-card">
      <table>
        <caption class="visually-hidden">Hosts with their newest values</caption>
        <thead>
          <tr>
            {header('name', 'Host')}
            {header('value', store.metric.title)}
            {header('status', 'Status')}
            {header('age', 'Last report')}
            <th scope="col">Labels</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {sorted.slice(shown * PAGE_ROWS, (shown + 1) * PAGE_ROWS).map((host) => (
            <Row key={host.id} store={store} host={host} />
          ))}
        </tbody>
      </table>
      {pages > 1 && <Pager page={shown} pages={pages} turn={setPage} />}
    </div>
  );
}

function Row({ store, host }: { store: FleetStore; host: FleetHost }): JSX.Element {
  const status = store.statusOf(host, nowMs.value);
  const labels = Object.entries(host.labels).filter(([name]) => name !== 'synthetic');
  return (
    <tr>
      <th scope="row">
        <HostLink hostId={host.id} />
        {isDemo(host.labels) && <span class="badge">demo</span>}
      </th>
      <td class="number">{formatValue(host.value, store.metric.unit)}</td>
      <td class={`status-text status-${status}`}>{status}</td>
      <td class="number">{formatAge(nowMs.value - host.seenAtMs)} ago</td>
      <td class="muted">{labels.map(([name, value]) => `${name}=${value}`).join(' ')}</td>
    </tr>
  );
}

function Pager({
  page,
  pages,
  turn,
}: {
  page: number;
  pages: number;
  turn(page: number): void;
}): JSX.Element {
  return (
    <nav class="pager" aria-label="Pages of hosts">
      <button type="button" class="button" disabled={page === 0} onClick={() => turn(page - 1)}>
        Previous
      </button>
      <span class="muted">
        {page + 1} of {pages}
      </span>
      <button type="button" class="button" disabled={page === pages - 1} onClick={() => turn(page + 1)}>
        Next
      </button>
    </nav>
  );
}
