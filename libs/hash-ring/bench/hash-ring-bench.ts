/**
 * Lookups a second and the time to build a ring. Seeded keys, a sink that the engine cannot remove, best of
 * three rounds; plain binary search over the same tokens in the same run is the yardstick, because machines
 * differ.
 *
 * usage: node --conditions=@ringwatch/source bench/hash-ring-bench.ts [--smoke]
 */
import { pathToFileURL } from 'node:url';
import { HashRing, xxh32, type RingMember } from '../src/index.ts';

const SEED = 20_261_120;
const ROUNDS = 3;
const KEY_CHARS = 20;

export interface BenchLine {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/**
 * Runs everything with `keyCount` keys a round and returns the lines; `sink` proves that the work was done.
 */
export function benchHashRing(keyCount: number): {
  readonly lines: readonly BenchLine[];
  readonly sink: number;
} {
  const keys = Array.from({ length: keyCount }, (_, i) => keyOf(i));
  const lines: BenchLine[] = [];
  let sink = 0;
  const measure = (name: string, work: (key: string) => number): void => {
    let bestMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const startMs = performance.now();
      for (const key of keys) sink ^= work(key);
      bestMs = Math.min(bestMs, performance.now() - startMs);
    }
    lines.push({ name, value: keyCount / bestMs / 1_000, unit: 'M/s' });
  };
  measure('xxh32 of 20 ASCII bytes', xxh32);
  for (const nodes of [3, 20, 100]) {
    const members = membersOf(nodes);
    const startMs = performance.now();
    const ring = HashRing.of(members);
    lines.push({ name: `build, ${nodes} nodes`, value: performance.now() - startMs, unit: 'ms' });
    measure(`ownerOf, ${nodes} nodes`, (key) => ring.ownerOf(key).id.length);
    const tokens = tokensOf(members);
    measure(`binary search, ${nodes} nodes`, (key) => search(tokens, xxh32(key)));
    measure(`replicasOf 3, ${nodes} nodes`, (key) => ring.replicasOf(key, 3).length);
  }
  return { lines, sink };
}

/** Twenty characters that look like host ids; the ring's own hash scatters them. */
function keyOf(index: number): string {
  const id = `host-${xxh32(`${SEED}:${index}`).toString(36)}`.padEnd(KEY_CHARS, 'x');
  return Buffer.from(id).toString('latin1'); // Flat, as decoders make them, not a rope of concatenations.
}

function membersOf(count: number): RingMember[] {
  return Array.from({ length: count }, (_, i) => ({ id: `broker-${i}`, zone: `zone-${i % 3}` }));
}

function tokensOf(members: readonly RingMember[]): Uint32Array {
  const positions = members.flatMap(({ id }) => Array.from({ length: 256 }, (_, i) => xxh32(`${id}\0${i}`)));
  return Uint32Array.from(positions).sort();
}

function search(tokens: Uint32Array, position: number): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tokens[middle] as number) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { lines, sink } = benchHashRing(process.argv.includes('--smoke') ? 10_000 : 1_000_000);
  for (const { name, value, unit } of lines)
    console.log(`${name.padEnd(28)} ${value.toFixed(2).padStart(8)} ${unit}`);
  console.log(`sink ${sink}`);
}
