/** The agent: measure → buffer on disk → ship. Wired here, started by `main.ts`. */
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { IngestStream } from '@ringwatch/broker-client';
import { sleep, type Clock, type Logger } from '@ringwatch/kernel';
import type { Report } from '@ringwatch/metrics';
import type { Metrics, Readiness } from '@ringwatch/service';
import { DiskBuffer } from './buffer/disk-buffer.ts';
import { labelsOf, type AgentConfig } from './config.ts';
import { DemoHost } from './demo/demo-host.ts';
import { HostCollector } from './host-collector.ts';
import { ReportBuilder } from './report-builder.ts';
import { sampleEvery } from './sampler.ts';
import { Shipper } from './shipper.ts';

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Reports in one buffered record; a tick of many demo hosts is several. */
const RECORD_REPORTS = 500;
/** How long the last batches may take at the end; what is left is on disk. */
const DRAIN_MS = 2_000;

export class Agent {
  readonly #options: AgentOptions;
  readonly #buffer: DiskBuffer;
  readonly #stream: IngestStream;
  readonly #shipper: Shipper;
  readonly #collector: HostCollector;
  readonly #own: ReportBuilder;
  readonly #demo: readonly { readonly host: DemoHost; readonly builder: ReportBuilder }[];
  #lost = 0;
  #diskFault: string | undefined;

  /** @throws {Fault} when the buffer's folder cannot be used. */
  constructor(options: AgentOptions) {
    const { config, clock, logger } = options;
    const { hostId, intervalMs, brokers } = config;
    this.#options = options;
    this.#buffer = new DiskBuffer({
      folder: join(config.dataDir, 'buffer'),
      bytesMax: config.bufferBytesMax,
      ageMaxMs: config.bufferAgeMaxMs,
      clock,
    });
    this.#stream = new IngestStream({ brokers, key: hostId, clock, logger });
    this.#shipper = new Shipper(this.#buffer, this.#stream, logger);
    this.#collector = new HostCollector(logger);
    const labels = labelsOf(config.label, { os: platform(), arch: arch() });
    this.#own = new ReportBuilder({ hostId, labels, intervalMs });
    this.#demo = Array.from({ length: config.demo }, (_, i) => {
      const host = new DemoHost(i + 1);
      return { host, builder: new ReportBuilder({ hostId: host.id, labels: host.labels, intervalMs }) };
    });
  }

  /** Measures until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, clock } = this.#options;
    this.#shipper.pump();
    await sampleEvery(config.intervalMs, clock, signal, async (timestamp, seconds) => {
      const reports = [
        this.#own.build(timestamp, await this.#collector.collect()),
        ...this.#demo.map(({ host, builder }) => builder.build(timestamp, host.advance(seconds))),
      ];
      for (let i = 0; i < reports.length; i += RECORD_REPORTS)
        this.#keep(reports.slice(i, i + RECORD_REPORTS));
      this.#shipper.pump();
    });
  }

  /** Sends what is under way, then leaves the rest on disk. */
  async close(): Promise<void> {
    await Promise.race([this.#shipper.settled(), sleep(this.#options.clock, DRAIN_MS)]);
    this.#shipper.close();
    this.#stream.close();
    await this.#shipper.settled();
    this.#buffer.close();
  }

  /** Says how it goes: to `/readyz` and `/metrics`. */
  publish(metrics: Metrics, readiness: Readiness): void {
    const { counts } = this.#shipper;
    metrics.gauge(
      'agent_buffered_reports',
      'Reports on disk whose fate is not known',
      [],
      () => this.#buffer.waiting,
    );
    metrics.gauge('agent_buffer_bytes', 'Bytes of the buffer on disk', [], () => this.#buffer.bytes);
    const counter = (name: string, help: string, read: () => number) => metrics.counter(name, help, [], read);
    counter(
      'agent_dropped_reports_total',
      'Reports that found no room',
      () => this.#buffer.dropped + this.#lost,
    );
    counter('agent_stored_reports_total', 'Reports that a broker stored', () => counts.stored);
    counter('agent_refused_reports_total', 'Reports refused for good', () => sum(counts.refused));
    readiness.watch('broker', () => {
      const { state } = this.#stream;
      if (state.kind === 'connected') return { state: 'ok', detail: state.broker };
      return { state: 'degraded', detail: state.kind === 'waiting' ? state.fault.detail : state.kind };
    });
    readiness.watch('buffer', () =>
      this.#diskFault === undefined ? { state: 'ok' } : { state: 'degraded', detail: this.#diskFault },
    );
  }

  /** A full disk loses reports, counted, but never the agent. */
  #keep(reports: readonly Report[]): void {
    try {
      this.#buffer.append(reports);
      this.#diskFault = undefined;
    } catch (error) {
      this.#lost += reports.length;
      if (this.#diskFault === undefined) this.#options.logger.error({ error }, 'cannot buffer reports');
      this.#diskFault = error instanceof Error ? error.message : String(error);
    }
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
