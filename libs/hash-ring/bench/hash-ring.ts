/**
 * Lookups a second and the time to build a ring. Seeded keys, a sink that the engine cannot remove, the
 * median of interleaved rounds; plain binary search over the same tokens in the same run is the yardstick.
 *
 * usage: npm run bench -- hash-ring [keys, default 1000000]
 */
import { HashRing, xxh32, type RingMember } from '../src/index.ts';

const SEED = 20_261_120;
const ROUNDS = 3;
const KEY_CHARS = 20;

const keys = Array.from({ length: Number(process.argv[2] ?? 1_000_000) }, (_, i) => keyOf(i));
let sink = 0;

/** Median lookups a second of each way of looking up, in millions; the ways take turns. */
function lookups(ways: Readonly<Record<string, (key: string) => number>>): Map<string, number> {
  const times = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, lookUp] of Object.entries(ways)) {
      const startMs = performance.now();
      for (const key of keys) sink ^= lookUp(key);
      times.set(name, [...(times.get(name) ?? []), performance.now() - startMs]);
    }
  }
  const rate = (tookMs: readonly number[]): number => keys.length / median(tookMs) / 1_000;
  return new Map(Array.from(times, ([name, tookMs]) => [name, rate(tookMs)]));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(name: string, value: number, unit: string, against?: { name: string; value: number }): void {
  const round = (number: number): number => Math.round(number * 100) / 100;
  const yardstick = against && { against: against.name, ratio: round(value / against.value) };
  console.log(JSON.stringify({ bench: 'hash-ring', name, value: round(value), unit, ...yardstick }));
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

print('xxh32 of 20 ASCII bytes', lookups({ xxh32 }).get('xxh32') ?? Number.NaN, 'M/s');
for (const nodes of [3, 20, 100]) {
  const members = membersOf(nodes);
  const startMs = performance.now();
  const ring = HashRing.of(members);
  print(`build, ${nodes} nodes`, performance.now() - startMs, 'ms');
  const tokens = tokensOf(members);
  const rates = lookups({
    ownerOf: (key) => ring.ownerOf(key).id.length,
    'binary search': (key) => search(tokens, xxh32(key)),
    'replicasOf 3': (key) => ring.replicasOf(key, 3).length,
  });
  const against = { name: 'binary search', value: rates.get('binary search') ?? Number.NaN };
  for (const [name, rate] of rates) print(`${name}, ${nodes} nodes`, rate, 'M/s', against);
}
if (sink === Number.MAX_SAFE_INTEGER) console.error('cannot be');
