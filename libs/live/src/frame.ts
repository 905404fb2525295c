/**
 * The frames of `/live`: JSON text, one object each, `v` and `type` first.
 *
 * 1. A report's values have no names of their own: they follow the keys of its schema. A schema is sent once
 *    for each subscription, before or with the first report that uses it, and then named by its number.
 * 2. The first `snapshot` frame of a subscription voids everything the client knew of it, schema numbers
 *    included; the snapshot ends with the frame that says `complete`.
 * 3. Every report is sent at most once for (subscription, host, timestamp), and a host's reports in order of
 *    their timestamps. `skipped` counts those that a slow viewer never got.
 * 4. Timestamps are Unix seconds as reported; fields that end in `Ms` are milliseconds of the server's clock.
 */
import type { FaultCode } from '@ringwatch/kernel';
import { LIVE_VERSION } from './limits.ts';

/** Which hosts: one of `ids` or `globs` (all hosts when both are absent), and all of `labels`. */
export interface HostFilter {
  readonly ids?: readonly string[];
  /** `*` stands for any text, the empty text too. */
  readonly globs?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** Which series: any of these; all when the filter is absent or empty. */
export interface MetricFilter {
  /** Metric names: all series of them. */
  readonly names?: readonly string[];
  /** Over the whole series key: `cpu_*`, `*{device="sda"*`. */
  readonly globs?: readonly string[];
  /** Whole series keys. */
  readonly series?: readonly string[];
}

export interface SubscribeFrame {
  readonly type: 'subscribe';
  /** Chosen by the client; subscribing again with the same id replaces the subscription. */
  readonly id: string;
  readonly hosts?: HostFilter;
  readonly metrics?: MetricFilter;
}

/** What a client may say. */
export type ClientFrame =
  | SubscribeFrame
  | { readonly type: 'unsubscribe'; readonly id: string }
  | { readonly type: 'ping'; readonly nonce?: number };

export interface WireSchema {
  readonly id: number;
  readonly keys: readonly string[];
}

/** What is known of a host besides its values; sent when it is new or has changed. */
export interface WireHost {
  readonly host: string;
  /** 0 when unknown. */
  readonly intervalMs: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface WireReport {
  readonly host: string;
  readonly timestamp: number;
  readonly schema: number;
  /** One value per key of the schema; null when absent. */
  readonly values: readonly (number | null)[];
}

/** How the gateway stands to its brokers. */
export type SourceState = 'connecting' | 'live' | 'stale' | 'away';

/** The gateway's own connection, as its viewers see it. */
export interface SourceStatus {
  readonly state: SourceState;
  /** True when some brokers do not answer, so that hosts may be missing. */
  readonly partial: boolean;
  /** In words: `broker 127.0.0.1:7102 does not answer`. */
  readonly missing: readonly string[];
  /** When the state began. */
  readonly sinceMs: number;
}

/** What a server may say. */
export type ServerFrame =
  | {
      readonly type: 'welcome';
      readonly serverTimeMs: number;
      /** How often hosts are expected to report. */
      readonly intervalMs: number;
      /** What runs on what, for people: `{ store: "redis", config: "embedded" }`. */
      readonly backends: Readonly<Record<string, string>>;
      readonly status: SourceStatus;
    }
  | {
      readonly type: 'snapshot';
      readonly id: string;
      readonly serverTimeMs: number;
      readonly first: boolean;
      readonly complete: boolean;
      readonly schemas: readonly WireSchema[];
      readonly hosts: readonly WireHost[];
      readonly reports: readonly WireReport[];
    }
  | {
      readonly type: 'update';
      readonly id: string;
      readonly serverTimeMs: number;
      readonly schemas?: readonly WireSchema[];
      readonly hosts?: readonly WireHost[];
      readonly reports: readonly WireReport[];
      /** Reports that were left out for this viewer because it read too slowly. */
      readonly skipped?: number;
    }
  | { readonly type: 'settings'; readonly intervalMs: number }
  | { readonly type: 'status'; readonly status: SourceStatus }
  | { readonly type: 'pong'; readonly serverTimeMs: number; readonly nonce?: number }
  | {
      readonly type: 'error';
      readonly code: FaultCode;
      readonly reason: string;
      readonly detail: string;
      /** The subscription that was refused, if it was one. */
      readonly id?: string;
      readonly retryAfterMs?: number;
    }
  | { readonly type: 'closing'; readonly reason: string; readonly retryAfterMs?: number };

/** A frame as text. NaN and infinities become null. */
export function encodeFrame(frame: ServerFrame | ClientFrame): string {
  return JSON.stringify({ v: LIVE_VERSION, ...frame });
}
