/**
 * The newest report of each host: where snapshots come from and where repeats end.
 *
 * 1. A report that is not newer than its host's newest one is refused, so a stream that repeats after a
 *    reconnect changes nothing, and no viewer gets (host, timestamp) twice.
 * 2. Bounded: beyond `capacity` the host that has been silent for longest makes room.
 * 3. A host keeps its labels while reports say nothing about them, and the same object while they stay equal,
 *    so that "changed" is a comparison of references.
 */

export type Labels = Readonly<Record<string, string>>;

/** A report as the live protocol needs it, whatever the rest of the system calls it. */
export interface LiveReport {
  readonly hostId: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly intervalMs: number;
  readonly labels: Labels;
  readonly schema: LiveSchema;
  /** One per key of the schema; NaN when absent. */
  readonly values: ArrayLike<number>;
}

/** A report that may say nothing about its host's labels. */
export type IncomingReport = Omit<LiveReport, 'labels'> & { readonly labels: Labels | undefined };

export interface LiveSchema {
  /** Equal exactly when the keys are. */
  readonly hash: string;
  readonly keys: readonly string[];
}

/** Hosts that a table remembers by default. */
export const LATEST_HOSTS_MAX = 100_000;

export class LatestTable {
  readonly #byHost = new Map<string, LiveReport>();

  constructor(readonly capacity = LATEST_HOSTS_MAX) {}

  get size(): number {
    return this.#byHost.size;
  }

  /**
   * Remembers `report` if it is its host's newest.
   * @returns the report with the labels its host has, or undefined when it was not newer.
   */
  offer(report: IncomingReport): LiveReport | undefined {
    const before = this.#byHost.get(report.hostId);
    if (before !== undefined && before.timestamp >= report.timestamp) return undefined;
    const labels = stickyLabels(before?.labels, report.labels);
    const kept: LiveReport = { ...report, labels };
    this.#byHost.delete(report.hostId); // Re-inserted at the end: the map's order is the order of silence.
    this.#byHost.set(report.hostId, kept);
    if (this.#byHost.size > this.capacity) this.#evictOldest();
    return kept;
  }

  get(hostId: string): LiveReport | undefined {
    return this.#byHost.get(hostId);
  }

  /** Every host's newest report, the longest silent host first. */
  values(): IterableIterator<LiveReport> {
    return this.#byHost.values();
  }

  clear(): void {
    this.#byHost.clear();
  }

  #evictOldest(): void {
    const oldest = this.#byHost.keys().next();
    if (!oldest.done) this.#byHost.delete(oldest.value);
  }
}

const NO_LABELS: Labels = Object.freeze({});

function stickyLabels(before: Labels | undefined, said: Labels | undefined): Labels {
  if (said === undefined) return before ?? NO_LABELS;
  if (before === undefined) return said;
  const names = Object.keys(said);
  if (names.length !== Object.keys(before).length) return said;
  return names.every((name) => before[name] === said[name]) ? before : said;
}
