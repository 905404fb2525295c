/**
 * All view state that a link should carry lives in the URL: `/?metric=memory&view=table&status=offline`,
 * `/hosts/web-1?range=15m`. Copying the address copies the view, and Back works.
 */
import { signal } from '@preact/signals';
import { HOST_STATUSES, type HostStatus } from './fleet/host-status.ts';

export type Route = FleetRoute | HostRoute;

export interface FleetRoute {
  readonly page: 'fleet';
  readonly metric: string;
  readonly view: 'map' | 'table';
  readonly find: string;
  /** Only hosts of this status; undefined for all. */
  readonly status: HostStatus | undefined;
}

export interface HostRoute {
  readonly page: 'host';
  readonly hostId: string;
  readonly range: Range;
}

/** How far back a host's charts reach. */
export type Range = '1m' | '5m' | '15m';

export const RANGES: Readonly<Record<Range, number>> = { '1m': 60, '5m': 300, '15m': 900 };
const DEFAULT_RANGE: Range = '5m';
const DEFAULT_METRIC = 'cpu';

/** The route of an address; anything unknown is the fleet. */
export function parseRoute(path: string, search: string): Route {
  const query = new URLSearchParams(search);
  const hostId = hostIdOf(path);
  if (hostId !== undefined) {
    const range = query.get('range') ?? '';
    return { page: 'host', hostId, range: Object.hasOwn(RANGES, range) ? (range as Range) : DEFAULT_RANGE };
  }
  return {
    page: 'fleet',
    metric: query.get('metric') ?? DEFAULT_METRIC,
    view: query.get('view') === 'table' ? 'table' : 'map',
    find: query.get('find') ?? '',
    status: HOST_STATUSES.find((status) => status === query.get('status')),
  };
}

/** The address of a route; what is default is left out. */
export function formatRoute(route: Route): string {
  const query = new URLSearchParams();
  if (route.page === 'host') {
    if (route.range !== DEFAULT_RANGE) query.set('range', route.range);
    return withQuery(`/hosts/${encodeURIComponent(route.hostId)}`, query);
  }
  if (route.metric !== DEFAULT_METRIC) query.set('metric', route.metric);
  if (route.view !== 'map') query.set('view', route.view);
  if (route.find !== '') query.set('find', route.find);
  if (route.status !== undefined) query.set('status', route.status);
  return withQuery('/', query);
}

/** The route of a fresh fleet page. */
export const FLEET: Route = parseRoute('/', '');

/** Where the page is. Written by {@link navigate} and the browser's Back only. */
export const route = signal<Route>(FLEET);

/** Reads the address and follows the browser's Back and Forward. Called once at the start. */
export function followAddress(): void {
  const read = (): void => arrive(parseRoute(location.pathname, location.search));
  addEventListener('popstate', read);
  read();
}

/** Goes to `next`. Small changes of the same view replace the address, so that Back leaves the view. */
export function navigate(next: Route, how: 'push' | 'replace' = 'push'): void {
  const address = formatRoute(next);
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  if (next.page !== route.value.page) scrollTo(0, 0);
  arrive(next);
}

let leftHostId: string | undefined;

function arrive(next: Route): void {
  const { value: left } = route;
  leftHostId = left.page === 'host' ? left.hostId : undefined;
  route.value = next;
}

/** The host whose page was left for this one, so that the fleet can put the focus back on it. Told once. */
export function takeLeftHost(): string | undefined {
  const hostId = leftHostId;
  leftHostId = undefined;
  return hostId;
}

function hostIdOf(path: string): string | undefined {
  if (!path.startsWith('/hosts/')) return undefined;
  try {
    return decodeURIComponent(path.slice('/hosts/'.length)) || undefined;
  } catch {
    return undefined; // A malformed escape names no host.
  }
}

function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
