import { SETTINGS_KEY, formatVersion, type ConfigReader } from '@ringwatch/config-store';
import type { Check } from '@ringwatch/service';

const INTERVAL_MS_DEFAULT = 1_000;

/** How the settings in force are known, for the status page. */
export interface SettingsDescription {
  readonly intervalMs: number;
  readonly source: string;
  readonly version: string;
  readonly ageMs: number | null;
}

/** What operators change at run time through config-sync, as far as a gateway obeys it. */
export class GatewaySettings {
  readonly #reader: ConfigReader;

  constructor(reader: ConfigReader) {
    this.#reader = reader;
  }

  /** How often hosts are expected to report. */
  get intervalMs(): number {
    return this.#reader.get('brokers', SETTINGS_KEY).value?.intervalMs ?? INTERVAL_MS_DEFAULT;
  }

  /** Calls `listener` with the interval after each change of it. */
  onInterval(listener: (intervalMs: number) => void): void {
    let known = this.intervalMs;
    this.#reader.onChange(() => {
      const { intervalMs } = this;
      if (intervalMs === known) return;
      known = intervalMs;
      listener(intervalMs);
    });
  }

  describe(): SettingsDescription {
    const { source, version, ageMs } = this.#reader.get('brokers', SETTINGS_KEY);
    return {
      intervalMs: this.intervalMs,
      source,
      version: formatVersion(version),
      ageMs: Number.isFinite(ageMs) ? ageMs : null,
    };
  }

  /** Ready with any settings; degraded while a source is away. */
  check(): Check {
    const away = this.#reader.sources.filter(({ fault }) => fault !== undefined);
    if (away.length === 0) return { state: 'ok' };
    return { state: 'degraded', detail: away.map(({ source, fault }) => `${source}: ${fault}`).join('; ') };
  }
}
