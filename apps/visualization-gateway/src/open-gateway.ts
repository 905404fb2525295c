/**
 * The gateway without its configuration: parts, doors and their order. `main.ts` runs it in a process, tests
 * beside a broker of their own.
 */
import { join } from 'node:path';
import { BrokerQueries, subscribe } from '@ringwatch/broker-client';
import { openConfigReader } from '@ringwatch/config-store';
import { systemClock } from '@ringwatch/kernel/system';
import { LatestTable } from '@ringwatch/live';
import type { ServiceProcess } from '@ringwatch/service';
import { bootstrap, CONNECTIONS_MAX, type RunningApp } from '@ringwatch/service/nest';
import { backendsOf, type GatewayConfig } from './config.ts';
import { GatewaySettings } from './gateway-settings.ts';
import { GatewayStatus } from './gateway-status.ts';
import { Admission, LiveAdapter } from './live-adapter.ts';
import { LiveHub } from './live-hub.ts';
import { hasPage, openPageDoor } from './page-door.ts';
import { Queries } from './queries.ts';
import { ReportFeed } from './report-feed.ts';
import { VisualizationGatewayModule } from './visualization-gateway.module.ts';

const BODY_BYTES_MAX = 16 * 1024;

/** Resolves when all doors are open. Brokers and configuration may be away: it serves and says so. */
export async function openGateway(service: ServiceProcess<GatewayConfig>): Promise<RunningApp> {
  const { config, logger, lifecycle, metrics, readiness } = service;
  const clock = systemClock;
  const { consulUrl, configRedisUrl: redisUrl, dataDir: folder } = config;
  const reader = await openConfigReader({ consulUrl, redisUrl, folder, logger });
  const settings = new GatewaySettings(reader);
  const brokers = new BrokerQueries({ brokers: config.brokers });
  const latest = new LatestTable();
  const feed = new ReportFeed({ latest, clock });
  const backends = backendsOf(config);
  const hub = new LiveHub({
    clock,
    latest,
    backends,
    ready: () => feed.primed,
    status: () => feed.status,
    intervalMs: () => settings.intervalMs,
  });
  settings.onInterval((intervalMs) => hub.tell({ type: 'settings', intervalMs }));
  const status = new GatewayStatus({ feed, hub, latest, brokers, settings, backends });
  status.publish(metrics, readiness);
  const { listen, allowedOrigins, socketsMax, socketsPerAddressMax } = config;
  const draining = (): boolean => readiness.draining;
  const admission = new Admission({ listen, allowedOrigins, socketsMax, socketsPerAddressMax, draining });
  const dashboardDir = config.dashboardDir ?? join(import.meta.dirname, 'dashboard');
  if (!hasPage(dashboardDir)) logger.warn({ dashboardDir }, 'no built page here: only the APIs are served');

  const stream = subscribe({ brokers: config.brokers, signal: lifecycle.signal, logger });
  const following = feed.follow(stream, {
    onReports: (reports) => hub.publish(reports),
    onSnapshot: () => hub.restart(),
    onStatus: (source) => hub.tell({ type: 'status', status: source }),
  });
  hub.start();
  lifecycle.on('stop-accepting', 'viewers', () => hub.stop());
  lifecycle.on('close', 'brokers', async () => {
    await following;
    brokers.close();
    await reader.close();
  });
  return bootstrap({
    module: VisualizationGatewayModule.of({
      queries: new Queries(brokers, latest, feed),
      hub,
      admission,
      status,
    }),
    config,
    logger,
    lifecycle,
    readiness,
    metrics,
    http: {
      bodyBytesMax: BODY_BYTES_MAX,
      connectionsMax: socketsMax + CONNECTIONS_MAX,
      configure: (fastify) => openPageDoor(fastify, dashboardDir),
    },
    configure: (app) => void app.useWebSocketAdapter(new LiveAdapter(app, admission)),
  });
}
