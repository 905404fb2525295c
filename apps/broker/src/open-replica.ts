/**
 * Opens the broker's partition: snapshot, log, store and the replica over them, everything in the log
 * applied.
 */
import { mkdir } from 'node:fs/promises';
import { Fault, type Clock, type Logger } from '@ringwatch/kernel';
import { systemRandom } from '@ringwatch/kernel/system';
import { EmbeddedStore, RedisStore, type MetricsStore } from '@ringwatch/metrics-store';
import {
  decodeSnapshot,
  PartitionState,
  Replica,
  type AppliedEntry,
  type PartitionSettings,
} from '@ringwatch/partition';
import { SegmentLog, SingleNode, SnapshotStore } from '@ringwatch/raft-node';
import { foldersOf, type BrokerConfig } from './config.ts';
import type { SettingsHolder } from './settings.ts';

export interface OpenedReplica {
  readonly replica: Replica;
  readonly store: MetricsStore;
  readonly log: SegmentLog;
  /** Flushes for a while, saves a snapshot, closes log and store. */
  close(): Promise<void>;
}

export interface OpenReplicaOptions {
  readonly config: BrokerConfig;
  readonly settings: SettingsHolder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The log can no longer be written: nothing more will be acknowledged. */
  readonly onBroken: (fault: Fault) => void;
}

/**
 * @throws {Fault} `data_loss` when log or snapshot are damaged, `unavailable` when the embedded store does
 * not open.
 */
export async function openReplica(options: OpenReplicaOptions): Promise<OpenedReplica> {
  const { config, settings, clock, logger, onBroken } = options;
  const folders = foldersOf(config.dataDir);
  const snapshots = new SnapshotStore(folders.snapshot);
  const snapshot = await snapshots.load();
  const state = snapshot
    ? decodeSnapshot(snapshot.data)
    : new PartitionState(partitionSettings(config, settings));
  const log = await SegmentLog.open({ folder: folders.log });
  if (snapshot !== undefined) checkTogether(snapshot.index, log);
  const store = await openStore(config, folders.store, logger);
  const replica = new Replica({
    clock,
    random: systemRandom,
    logger,
    state,
    log,
    snapshots,
    history: store,
    ttlMs: () => settings.current.rawRetentionMs,
    futureMaxMs: () => settings.current.limits.futureMaxMs,
    logBytesMax: config.logBytesMax,
    cacheBytesMax: config.cacheBytesMax,
  });
  const node = new SingleNode<AppliedEntry>({ log, apply: replica.apply, onBroken });
  await node.replay(log.firstIndex);
  replica.start(node);
  const change = (): void =>
    void replica.changeSettings(partitionSettings(config, settings)).catch(() => undefined);
  settings.onChange(change);
  change();
  const close = async (): Promise<void> => {
    await replica.stop(config.drainMs);
    await node.idle();
    await log.close();
    await store.close();
  };
  return { replica, store, log, close };
}

async function openStore(config: BrokerConfig, folder: string, logger: Logger): Promise<MetricsStore> {
  if (config.redisUrl !== undefined)
    return new RedisStore({ url: config.redisUrl, codec: config.redisCodec, logger });
  await mkdir(folder, { recursive: true });
  return EmbeddedStore.open({ folder, logger });
}

function partitionSettings(config: BrokerConfig, settings: SettingsHolder): PartitionSettings {
  const { newHostsPerHourMax, newSchemasPerHostHourMax } = settings.current.limits;
  return { retainedMs: config.retainedMs, newHostsPerHourMax, newSchemasPerHostHourMax };
}

/** A snapshot is saved only of what the log holds, and nothing is trimmed that it does not cover. */
function checkTogether(snapshotIndex: number, { firstIndex, lastIndex }: SegmentLog): void {
  if (snapshotIndex <= lastIndex && firstIndex <= snapshotIndex + 1) return;
  const detail = `the snapshot is of index ${snapshotIndex}, the log has ${firstIndex} to ${lastIndex}`;
  throw new Fault('data_loss', detail, { reason: 'log_lost' });
}
