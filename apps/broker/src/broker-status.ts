import type { MetricsStore } from '@ringwatch/metrics-store';
import type { Replica } from '@ringwatch/partition';
import type { SegmentLog } from '@ringwatch/raft-node';
import type { Check, Metrics, Readiness } from '@ringwatch/service';
import type { SettingsHolder } from './settings.ts';

/** What the broker tells about itself: as a document, as metrics and as readiness. */
export class BrokerStatus {
  constructor(
    private readonly replica: Replica,
    private readonly log: SegmentLog,
    private readonly store: MetricsStore,
    private readonly settings: SettingsHolder,
  ) {}

  read(): object {
    const { state, flusher, unflushedBytes } = this.replica;
    return {
      store: this.store.kind,
      storeState: flusher.state,
      hosts: state.hosts.size,
      log: {
        id: this.log.logId,
        firstIndex: this.log.firstIndex,
        appliedIndex: state.appliedIndex,
        flushedIndex: flusher.plan.flushedIndex,
        watermark: state.watermark,
        sizeBytes: this.log.sizeBytes,
        unflushedBytes,
      },
      settings: this.settings.describe(),
    };
  }

  /** Registers the partition's gauges and its readiness check. */
  publish(metrics: Metrics, readiness: Readiness): void {
    const { replica, log } = this;
    const gauge = (name: string, help: string, read: () => number): unknown =>
      metrics.gauge(name, help, [], read);
    gauge('ringwatch_hosts', 'Hosts in the table', () => replica.state.hosts.size);
    gauge('ringwatch_log_applied_index', 'Last applied log index', () => replica.state.appliedIndex);
    gauge(
      'ringwatch_log_flushed_index',
      'Last log index in the store',
      () => replica.flusher.plan.flushedIndex,
    );
    gauge('ringwatch_log_bytes', 'Bytes of the log on disk', () => log.sizeBytes);
    gauge('ringwatch_log_unflushed_bytes', 'Bytes of the log not in the store', () => replica.unflushedBytes);
    gauge(
      'ringwatch_report_conflicts',
      'Reports refused because another was stored',
      () => replica.state.conflicts,
    );
    readiness.watch('settings', () => this.settings.check());
    readiness.watch('store', () => this.#storeCheck());
  }

  #storeCheck(): Check {
    const { kind } = this.store;
    if (this.replica.logFull)
      return { state: 'failed', detail: `${kind} is too far behind; reports are refused` };
    if (this.replica.flusher.state === 'ok') return { state: 'ok', detail: kind };
    return { state: 'degraded', detail: `${kind} refuses reports; the log keeps them` };
  }
}
