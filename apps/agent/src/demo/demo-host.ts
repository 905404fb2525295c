/**
 * One made-up host with the metrics that a real one has. Labelled `synthetic="true"`, so that nobody mistakes
 * it; its counters only grow and its gauges stay in range, so that charts and alerts behave as with real
 * ones. Pure.
 */
import { formatSeriesKey, type Labels } from '@ringwatch/metrics';
import { RandomWalk, seededRandom } from './random-walk.ts';

const ROLES = ['web', 'api', 'db', 'cache', 'queue'] as const;
const ZONES = ['a', 'b', 'c'] as const;
const CORES = 2;
const GIB = 1024 ** 3;

export class DemoHost {
  readonly id: string;
  readonly labels: Labels;
  readonly #cores: readonly RandomWalk[];
  readonly #memory: RandomWalk;
  readonly #network: RandomWalk;
  readonly #disk: RandomWalk;
  readonly #memoryBytes: number;
  readonly #counters = new Map<string, number>();
  #load = 0;

  /** @param number 1 for the first host; the same number gives the same host. */
  constructor(number: number) {
    const random = seededRandom(number * 7_919);
    const role = ROLES[number % ROLES.length] as string;
    this.id = `demo-${role}-${String(number).padStart(4, '0')}`;
    this.labels = { synthetic: 'true', role, zone: ZONES[number % ZONES.length] as string };
    this.#memoryBytes = GIB * 2 ** (2 + Math.floor(random.next() * 4));
    const home = 0.05 + random.next() ** 2 * 0.7;
    this.#cores = Array.from(
      { length: CORES },
      () => new RandomWalk(random, { min: 0.01, max: 1, home, step: 0.04 }),
    );
    const memoryHome = 0.3 + random.next() * 0.4;
    this.#memory = new RandomWalk(random, { min: 0.1, max: 0.95, home: memoryHome, step: 0.004 });
    this.#network = new RandomWalk(random, {
      min: 1e3,
      max: 1e8,
      home: 10 ** (4 + random.next() * 3),
      step: 2e5,
    });
    this.#disk = new RandomWalk(random, { min: 0, max: 2e8, home: 10 ** (3 + random.next() * 4), step: 1e5 });
  }

  /** Lets `seconds` pass and returns the values by series key. */
  advance(seconds: number): ReadonlyMap<string, number> {
    const values = new Map<string, number>();
    let busy = 0;
    for (const [cpu, walk] of this.#cores.entries())
      busy += this.#addCore(values, String(cpu), walk.advance(seconds), seconds);
    this.#load += (busy - this.#load) * Math.min(1, seconds / 60);
    values.set('load1', this.#load);
    const usedBytes = this.#memory.advance(seconds) * this.#memoryBytes;
    values.set('memory_total_bytes', this.#memoryBytes);
    values.set('memory_available_bytes', Math.round(this.#memoryBytes - usedBytes));
    const receivedBytes = this.#network.advance(seconds) * seconds;
    const device = { device: 'eth0' };
    this.#count(values, formatSeriesKey('network_receive_bytes_total', device), Math.round(receivedBytes));
    this.#count(
      values,
      formatSeriesKey('network_transmit_bytes_total', device),
      Math.round(receivedBytes * 0.6),
    );
    const writtenBytes = this.#disk.advance(seconds) * seconds;
    const disk = { device: 'vda' };
    this.#count(values, formatSeriesKey('disk_written_bytes_total', disk), Math.round(writtenBytes));
    this.#count(values, formatSeriesKey('disk_read_bytes_total', disk), Math.round(writtenBytes * 0.3));
    return values;
  }

  /** Returns how busy the core was. */
  #addCore(values: Map<string, number>, cpu: string, busy: number, seconds: number): number {
    const shares = { user: busy * 0.7, system: busy * 0.25, iowait: busy * 0.05, idle: 1 - busy };
    for (const [mode, share] of Object.entries(shares)) {
      this.#count(values, formatSeriesKey('cpu_seconds_total', { cpu, mode }), share * seconds);
    }
    return busy;
  }

  #count(values: Map<string, number>, key: string, amount: number): void {
    const total = (this.#counters.get(key) ?? 0) + amount;
    this.#counters.set(key, total);
    values.set(key, total);
  }
}
