/**
 * `/proc/net/dev`: traffic per interface, loopback included. A name may touch its first number: `eth0:123`.
 */
import type { Samples } from './samples.ts';

const COLUMNS: readonly (readonly [column: number, name: string])[] = [
  [0, 'network_receive_bytes_total'],
  [1, 'network_receive_packets_total'],
  [2, 'network_receive_errors_total'],
  [3, 'network_receive_drops_total'],
  [8, 'network_transmit_bytes_total'],
  [9, 'network_transmit_packets_total'],
  [10, 'network_transmit_errors_total'],
  [11, 'network_transmit_drops_total'],
];

export function addNetDev(text: string, samples: Samples): void {
  for (const line of text.split('\n')) {
    const colon = line.lastIndexOf(':');
    if (colon < 0) continue;
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    // An interface that never carried anything tells nothing and costs eight series.
    if (fields[0] === 0 && fields[8] === 0) continue;
    const labels = { device: line.slice(0, colon).trim() };
    for (const [column, name] of COLUMNS) samples.add(name, fields[column] ?? Number.NaN, labels);
  }
}
