/**
 * Which partition a host belongs to, and where that partition sits on the ring. The partition
 * count is fixed when a cluster is founded, so both answers hold for its life.
 */
import { assert } from '@ringwatch/kernel';
import { xxh32 } from './xxh32.ts';

/** Positions on the ring: 0 to 2³² - 1. */
export const RING_SIZE = 2 ** 32;
/** Most partitions of a cluster. */
export const PARTITIONS_MAX = 65_536;

/** The partition of a host: xxh32 of its id in UTF-8, modulo the count. */
export function partitionOf(hostId: string, partitionCount: number): number {
  assertPartitionCount(partitionCount);
  return xxh32(hostId) % partitionCount;
}

/** The position of partition `partition` of `partitionCount`: spread evenly, the first at 0. */
export function partitionToken(partition: number, partitionCount: number): number {
  assertPartitionCount(partitionCount);
  assert(
    Number.isInteger(partition) && partition >= 0 && partition < partitionCount,
    `no partition ${partition}`,
  );
  return Math.floor((partition * RING_SIZE) / partitionCount);
}

function assertPartitionCount(count: number): void {
  assert(
    Number.isInteger(count) && count >= 1 && count <= PARTITIONS_MAX,
    `partition count out of range: ${count}`,
  );
}
