/**
 * What operators change at run time through config-sync: the settings document over the defaults. Readers
 * take the current value each time, so that a change holds from the next request on.
 */
import { SETTINGS_KEY, type BrokerSettings, type ConfigReader } from '@ringwatch/config-store';
import { DEFAULT_LIMITS, type Limits } from '@ringwatch/metrics';
import type { Check } from '@ringwatch/service';

export interface Settings {
  /** How long the store keeps a raw report, milliseconds. */
  readonly rawRetentionMs: number;
  /** How often agents should report, milliseconds. */
  readonly intervalMs: number;
  readonly limits: Limits;
}

const RAW_RETENTION_MS = 15 * 60_000;
const INTERVAL_MS = 1_000;

export class SettingsHolder {
  #current = withDefaults({});
  readonly #listeners: (() => void)[] = [];

  constructor(private readonly reader: ConfigReader) {
    this.#read();
    reader.onChange(() => this.#read());
  }

  get current(): Settings {
    return this.#current;
  }

  /** Calls `listener` after each change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Where the settings in force come from. */
  describe(): object {
    const { source, version, ageMs } = this.reader.get('brokers', SETTINGS_KEY);
    return { ...this.#current, source, version, ageMs: Number.isFinite(ageMs) ? Math.round(ageMs) : null };
  }

  /** Ready with any settings; degraded while a source is away. */
  check(): Check {
    const away = this.reader.sources.filter(({ fault }) => fault !== undefined);
    if (away.length === 0) return { state: 'ok' };
    return { state: 'degraded', detail: away.map(({ source, fault }) => `${source}: ${fault}`).join('; ') };
  }

  #read(): void {
    this.#current = withDefaults(this.reader.get('brokers', SETTINGS_KEY).value ?? {});
    for (const listener of this.#listeners) listener();
  }
}

function withDefaults({ rawRetentionMs, intervalMs, limits }: BrokerSettings): Settings {
  const given = Object.entries(limits ?? {}).filter(([, limit]) => limit !== undefined);
  return {
    rawRetentionMs: rawRetentionMs ?? RAW_RETENTION_MS,
    intervalMs: intervalMs ?? INTERVAL_MS,
    limits: { ...DEFAULT_LIMITS, ...(Object.fromEntries(given) as Partial<Limits>) },
  };
}
