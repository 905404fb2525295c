import type { LatestTable } from '@ringwatch/live';
import type { Metrics, Readiness } from '@ringwatch/service';
import type { z } from 'zod';
import type { GatewaySettings } from './gateway-settings.ts';
import type { LiveHub } from './live-hub.ts';
import type { QueryBrokers } from './queries.ts';
import type { ReportFeed } from './report-feed.ts';
import type { statusAnswer } from './rest-schemas.ts';

export interface GatewayStatusParts {
  readonly feed: ReportFeed;
  readonly hub: LiveHub;
  readonly latest: LatestTable;
  readonly brokers: QueryBrokers;
  readonly settings: GatewaySettings;
  readonly backends: Readonly<Record<string, string>>;
}

/** How the gateway stands: for people, for readiness and for Prometheus. */
export class GatewayStatus {
  readonly #parts: GatewayStatusParts;

  constructor(parts: GatewayStatusParts) {
    this.#parts = parts;
  }

  read(): z.output<typeof statusAnswer> {
    const { feed, hub, latest, brokers, settings, backends } = this.#parts;
    const { state, sinceMs, missing } = feed.status;
    return {
      brokers: { state, since: sinceMs / 1000, missing: [...missing], queries: { ...brokers.states } },
      live: { ...hub.counts, hosts: latest.size },
      settings: settings.describe(),
      backends: { ...backends },
    };
  }

  /** A gateway without brokers stays ready: it serves the page and says what is wrong. */
  publish(metrics: Metrics, readiness: Readiness): void {
    const { feed, hub, latest, settings } = this.#parts;
    readiness.watch('brokers', () => {
      const { state, missing } = feed.status;
      if (state === 'live') return { state: 'ok' };
      return { state: 'degraded', detail: missing.join('; ') || state };
    });
    readiness.watch('settings', () => settings.check());
    const gauge = (name: string, help: string, read: () => number): void => {
      metrics.gauge(name, help, [], read);
    };
    gauge('ringwatch_live_viewers', 'Open sockets', () => hub.counts.viewers);
    gauge('ringwatch_live_channels', 'Distinct subscriptions', () => hub.counts.channels);
    gauge('ringwatch_live_hosts', 'Hosts whose newest report is known', () => latest.size);
  }
}
