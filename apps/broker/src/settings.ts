import { DEFAULT_LIMITS, type Limits } from '@ringwatch/metrics';

/** What operators change at run time through config-sync: family `brokers`, key `settings`. */
export interface BrokerSettings {
  /** How long the store keeps a raw report, milliseconds. */
  readonly rawRetentionMs: number;
  /** How often agents should report, milliseconds. */
  readonly intervalMs: number;
  readonly limits: Limits;
}

export const DEFAULT_SETTINGS: BrokerSettings = {
  rawRetentionMs: 15 * 60_000,
  intervalMs: 1_000,
  limits: DEFAULT_LIMITS,
};

/**
 * The settings in force. Readers take `current` each time, so that a change holds from the next request on.
 */
export class SettingsHolder {
  #current = DEFAULT_SETTINGS;
  readonly #listeners: ((settings: BrokerSettings) => void)[] = [];

  get current(): BrokerSettings {
    return this.#current;
  }

  /** Puts a document's fields over the defaults; undefined means the defaults alone. */
  apply(document: Partial<Omit<BrokerSettings, 'limits'>> & { limits?: Partial<Limits> } = {}): void {
    this.#current = { ...DEFAULT_SETTINGS, ...document, limits: { ...DEFAULT_LIMITS, ...document.limits } };
    for (const listener of this.#listeners) listener(this.#current);
  }

  onChange(listener: (settings: BrokerSettings) => void): void {
    this.#listeners.push(listener);
  }
}
