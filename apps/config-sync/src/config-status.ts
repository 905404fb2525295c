import type { ConfigStore, SourceStatus } from '@ringwatch/config-store';
import type { Check, Metrics, Readiness } from '@ringwatch/service';

/** Orphans and held families that a check names; the rest is counted. */
const NAMES_MAX = 5;

/** What config-sync tells about its stores: readiness checks and gauges. */
export class ConfigStatus {
  constructor(
    private readonly store: ConfigStore,
    private readonly isEmbedded: boolean,
  ) {}

  /** Registers the checks and gauges. */
  publish(metrics: Metrics, readiness: Readiness): void {
    readiness.watch(this.isEmbedded ? 'embedded' : 'consul', () => this.#authority());
    if (this.store.relayReport === undefined) return;
    readiness.watch('redis', () => this.#copy());
    const report = () => this.store.relayReport;
    metrics.gauge('ringwatch_config_repaired', 'Documents repaired in the copy since the start', [], () => {
      return report()?.repaired ?? 0;
    });
    metrics.gauge('ringwatch_config_orphans', 'Documents that only the copy has', [], () => {
      return report()?.orphans.length ?? 0;
    });
    metrics.gauge('ringwatch_config_held', 'Families held because they would shrink too much', [], () => {
      return report()?.held.length ?? 0;
    });
  }

  #authority(): Check {
    const { fault, held } = this.#source('consul');
    if (fault !== undefined) return { state: 'degraded', detail: `no writes: ${fault}` };
    if (held.length > 0) return { state: 'degraded', detail: `held: ${named(held)}` };
    return { state: 'ok' };
  }

  #copy(): Check {
    const { held, orphans, ...report } = this.store.relayReport ?? {
      fault: undefined,
      held: [],
      orphans: [],
    };
    const fault = this.#source('redis').fault ?? report.fault;
    if (fault !== undefined) return { state: 'degraded', detail: fault };
    if (held.length > 0) return { state: 'degraded', detail: `held: ${named(held)}` };
    if (orphans.length > 0) return { state: 'degraded', detail: `only in the copy: ${named(orphans)}` };
    return { state: 'ok' };
  }

  #source(name: SourceStatus['source']): Pick<SourceStatus, 'fault' | 'held'> {
    return this.store.sources.find(({ source }) => source === name) ?? { fault: undefined, held: [] };
  }
}

function named(names: readonly string[]): string {
  const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : '';
  return `${names.slice(0, NAMES_MAX).join(', ')}${more}`;
}
