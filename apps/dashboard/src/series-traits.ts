/**
 * What a fleet-wide sum must know of a series. Remembered by key, because it is asked for every series of
 * every host each second.
 */
import { parseSeriesKey } from '@ringwatch/metrics';

export interface SeriesTraits {
  /** Counts time in which nothing was done. */
  readonly idle: boolean;
  /** A host talking to itself. */
  readonly loopback: boolean;
}

const IDLE_MODES: ReadonlySet<string | undefined> = new Set(['idle', 'iowait']);
const LOOPBACK_DEVICES: ReadonlySet<string | undefined> = new Set(['lo', 'lo0']);
const KEYS_MAX = 10_000;
const known = new Map<string, SeriesTraits>();

/** The traits of a series by its labels, as they were parsed already. */
export function traitsOf(labels: Readonly<Record<string, string>>): SeriesTraits {
  return { idle: IDLE_MODES.has(labels['mode']), loopback: LOOPBACK_DEVICES.has(labels['device']) };
}

/** The traits of a series by its key. */
export function traitsOfKey(key: string): SeriesTraits {
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  if (known.size >= KEYS_MAX) known.clear();
  const traits = traitsOf(Object.fromEntries(parseSeriesKey(key).labels));
  known.set(key, traits);
  return traits;
}
