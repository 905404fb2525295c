/** The orders of the fleet's table. Each has the one direction in which people look. */
import { byName, type FleetHost } from './fleet-store.ts';
import { HOST_STATUSES, type HostStatus } from './host-status.ts';

/** Names rise, values fall, the worst status comes first, and so does who was silent longest. */
export const FLEET_ORDERS = {
  name: 'ascending',
  value: 'descending',
  status: 'descending',
  age: 'descending',
} as const;

export type FleetOrder = keyof typeof FLEET_ORDERS;

type Compare = (a: FleetHost, b: FleetHost) => number;

/** `hosts` in an order; those that are equal by it are in the order of their names. */
export function orderHosts(
  hosts: readonly FleetHost[],
  order: FleetOrder,
  statusOf: (host: FleetHost) => HostStatus,
): readonly FleetHost[] {
  const compare = comparing(order, statusOf);
  return [...hosts].sort((a, b) => compare(a, b) || byName(a, b));
}

function comparing(order: FleetOrder, statusOf: (host: FleetHost) => HostStatus): Compare {
  switch (order) {
    case 'name':
      return byName;
    case 'value':
      return (a, b) => (b.value ?? -1) - (a.value ?? -1);
    case 'status':
      return (a, b) => HOST_STATUSES.indexOf(statusOf(a)) - HOST_STATUSES.indexOf(statusOf(b));
    case 'age':
      return (a, b) => wholeSeconds(a) - wholeSeconds(b);
  }
}

/** To the second, as it is shown, so that rows do not dance. */
function wholeSeconds({ seenAtMs }: FleetHost): number {
  return Math.floor(seenAtMs / 1000);
}
