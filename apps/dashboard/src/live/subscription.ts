import {
  SchemaBook,
  type DecodedReport,
  type ServerFrame,
  type SubscribeFrame,
  type WireHost,
} from '@ringwatch/live';

/** Where a subscription's data goes. */
export interface SubscriptionSink {
  /** A snapshot begins: what was known is void. */
  reset(): void;
  /** `seenAtMs` is when the newest of `reports` was new, in the page's wall time. */
  receive(hosts: readonly WireHost[], reports: readonly SeenReport[]): void;
}

/** A report and when it was news, in the page's own wall time: hosts' clocks need not be right. */
export interface SeenReport extends DecodedReport {
  readonly seenAtMs: number;
}

/** One subscription of the page over all its sockets. */
export class Subscription {
  readonly #book = new SchemaBook();
  #intervalMs = 0;
  #reports = 0;

  constructor(
    readonly frame: SubscribeFrame,
    private readonly sink: SubscriptionSink,
  ) {}

  /** The shortest interval that its hosts have announced; 0 while unknown. */
  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** True while no host is known. */
  get empty(): boolean {
    return this.#reports === 0;
  }

  /** @returns the newest timestamp of the frame in milliseconds, if it had any report. */
  take(frame: Extract<ServerFrame, { type: 'snapshot' | 'update' }>, nowMs: number): number | undefined {
    if (frame.type === 'snapshot' && frame.first) {
      this.#book.clear();
      this.#reports = 0;
      this.#intervalMs = 0;
      this.sink.reset();
    }
    this.#book.learn(frame.schemas);
    for (const { intervalMs } of frame.hosts ?? []) {
      if (intervalMs > 0) this.#intervalMs = Math.min(this.#intervalMs || intervalMs, intervalMs);
    }
    let newestMs: number | undefined;
    const reports = frame.reports.map((wire): SeenReport => {
      const ageMs = frame.type === 'snapshot' ? Math.max(0, frame.serverTimeMs - wire.timestamp * 1000) : 0;
      newestMs = Math.max(newestMs ?? 0, wire.timestamp * 1000);
      return { ...this.#book.decode(wire), seenAtMs: nowMs - ageMs };
    });
    this.#reports += reports.length;
    this.sink.receive(frame.hosts ?? [], reports);
    return newestMs;
  }
}
