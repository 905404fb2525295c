export { HashRing, MEMBERS_MAX, WEIGHT_MAX, type RingMember, type RingOptions } from './hash-ring.ts';
export { partitionOf, partitionToken, PARTITIONS_MAX, RING_SIZE } from './partition.ts';
export { xxh32, xxh32Bytes } from './xxh32.ts';
