import { expect, test } from 'vitest';
import { orderHosts, type FleetOrder } from './fleet-order.ts';
import type { FleetHost } from './fleet-store.ts';
import type { HostStatus } from './host-status.ts';

function host(id: string, seenAtMs: number, value: number | undefined, demo = false): FleetHost {
  const labels: Record<string, string> = demo ? { synthetic: 'true' } : {};
  return { id, labels, intervalMs: 1_000, seenAtMs, now: undefined, value, trail: [] };
}

const HOSTS = [host('vm', 9_900, 3), host('web-10', 9_100, undefined, true), host('web-2', 1_000, 7, true)];
const STATUSES: Readonly<Record<string, HostStatus>> = { vm: 'online', 'web-10': 'late', 'web-2': 'offline' };

test.each<[FleetOrder, string[]]>([
  ['name', ['vm', 'web-2', 'web-10']],
  ['value', ['web-2', 'vm', 'web-10']],
  ['status', ['web-2', 'web-10', 'vm']],
  ['age', ['web-2', 'vm', 'web-10']],
])('by %s, and by name where that is equal', (order, ids) => {
  expect(orderHosts(HOSTS, order, ({ id }) => STATUSES[id] ?? 'unknown').map(({ id }) => id)).toEqual(ids);
});

test('by name a demo is nothing special', () => {
  const hosts = [host('b', 0, 1), host('a', 0, 1, true)];
  expect(orderHosts(hosts, 'name', () => 'online').map(({ id }) => id)).toEqual(['a', 'b']);
});
