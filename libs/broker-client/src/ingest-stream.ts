/**
 * Reports to the brokers, each batch until its fate is known, over as many connections as it takes.
 *
 * 1. At most `inFlightMax` batches are under way; {@link IngestStream.send} waits for room, and at most
 *    {@link WAITING_MAX} callers may wait.
 * 2. A batch that was not acknowledged when its connection ended is sent again on the next one, oldest first.
 * 3. A broker that acknowledges nothing for `ackTimeoutMs` is given up for the next in order.
 * 4. A batch that a broker ends the stream over, {@link POISON_ENDINGS_MAX} times in a row while it was the
 *    oldest, is refused: nothing behind it would ever be sent.
 * 5. Connections are made with full-jitter backoff, and not before the broker's own retry hint.
 */
import type { BatchAck } from '@ringwatch/contracts';
import { assert, Fault, silentLogger, type Clock, type Logger, type Random } from '@ringwatch/kernel';
import { systemClock, systemRandom } from '@ringwatch/kernel/system';
import type { Report } from '@ringwatch/metrics';
import { orderBrokers, retryDelayMs } from './channel.ts';
import { acknowledge, newBatch, type BatchResult, type BatchState } from './ingest-batch.ts';
import { PushConnection } from './push-connection.ts';

export interface IngestStreamOptions {
  /** `host:port` of every broker; at least one. */
  readonly brokers: readonly string[];
  /** Who sends, usually the host id: senders spread over the brokers by it. */
  readonly key: string;
  /** Batches under way; default 8. */
  readonly inFlightMax?: number;
  /** Default 10 s. */
  readonly ackTimeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** For readiness and metrics. `connected` means that a batch was acknowledged on this connection. */
export type IngestState =
  | { readonly kind: 'connecting' | 'connected'; readonly broker: string }
  | { readonly kind: 'waiting'; readonly broker: string; readonly fault: Fault }
  | { readonly kind: 'closed' };

/** Callers of {@link IngestStream.send} that may wait for room. */
export const WAITING_MAX = 64;

/** Streams lost to one batch before it is given up. */
export const POISON_ENDINGS_MAX = 5;

const IN_FLIGHT_MAX = 8;
const ACK_TIMEOUT_MS = 10_000;
const CLOSED = new Fault('cancelled', 'the ingest stream was closed', { reason: 'closed' });

interface Pending {
  state: BatchState;
  /** Written on the present connection and not yet answered. */
  written: boolean;
  /** Streams that ended for a fault of ours while this was the oldest batch on them. */
  endings: number;
  /** A retry hint holds it back. */
  held: boolean;
  readonly resolve: (result: BatchResult) => void;
  readonly reject: (fault: Fault) => void;
}

export class IngestStream {
  readonly #options: IngestStreamOptions;
  readonly #brokers: readonly string[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  /** By sequence, oldest first. */
  readonly #pending = new Map<number, Pending>();
  readonly #waiting: (() => void)[] = [];
  readonly #timers = new Set<() => void>();
  #connection: PushConnection | undefined;
  #cancelAckTimer: () => void = () => undefined;
  #state: IngestState;
  #sequence = 0;
  #turn = 0;
  #failures = 0;

  constructor(options: IngestStreamOptions) {
    if (options.brokers.length === 0)
      throw new Fault('invalid_argument', 'no broker given', { reason: 'no_brokers' });
    this.#options = options;
    this.#brokers = orderBrokers(options.brokers, options.key);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#logger = options.logger ?? silentLogger;
    this.#state = { kind: 'connecting', broker: this.#brokers[0] as string };
    this.#connect();
  }

  get state(): IngestState {
    return this.#state;
  }

  /** Batches under way. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /**
   * Sends `reports` as one batch and resolves when the fate of each is known; until then they must be kept.
   * @throws {Fault} `cancelled` when the stream is closed first, `resource_exhausted` when too many wait.
   */
  async send(reports: readonly Report[]): Promise<BatchResult> {
    while (
      this.#pending.size >= (this.#options.inFlightMax ?? IN_FLIGHT_MAX) &&
      this.#state.kind !== 'closed'
    ) {
      if (this.#waiting.length >= WAITING_MAX)
        throw new Fault('resource_exhausted', `${WAITING_MAX} batches wait`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#state.kind === 'closed') throw CLOSED;
    return new Promise((resolve, reject) => {
      const pending = { state: newBatch(reports), written: false, endings: 0, held: false, resolve, reject };
      this.#sequence = (this.#sequence + 1) >>> 0;
      this.#pending.set(this.#sequence, pending);
      this.#pump();
    });
  }

  /** Gives up what is under way; its senders get `cancelled` and send again another day. */
  close(): void {
    this.#state = { kind: 'closed' };
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#cancelAckTimer();
    this.#connection?.end(CLOSED);
    this.#connection = undefined;
    for (const pending of this.#pending.values()) pending.reject(CLOSED);
    this.#pending.clear();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #connect(): void {
    const broker = this.#brokers[this.#turn % this.#brokers.length] as string;
    this.#state = { kind: 'connecting', broker };
    const connection: PushConnection = new PushConnection(broker, {
      onAck: (ack) => this.#onAck(ack),
      onWritable: () => this.#pump(),
      onEnd: (fault) => this.#onEnd(connection, fault),
    });
    this.#connection = connection;
    this.#pump();
  }

  /** Writes what waits, oldest first, as far as the transport takes it. */
  #pump(): void {
    for (const [sequence, pending] of this.#pending) {
      if (this.#connection?.writable !== true) return;
      if (pending.written || pending.held) continue;
      pending.written = true;
      this.#connection.write(sequence, pending.state.reports);
      if (this.#writtenCount() === 1) this.#armAckTimer();
    }
  }

  #onAck(ack: BatchAck): void {
    const pending = this.#pending.get(ack.sequence);
    if (pending === undefined || !pending.written) return; // An answer that no longer matters.
    const broker = this.#connection?.broker ?? '';
    this.#state = { kind: 'connected', broker };
    this.#failures = 0;
    const { state, retryAfterMs, forgotten } = acknowledge(pending.state, ack);
    for (const hash of forgotten) this.#connection?.forgetSchema(hash);
    pending.state = state;
    pending.written = false;
    this.#armAckTimer();
    if (state.reports.length > 0) {
      this.#holdBack(pending, retryAfterMs);
    } else {
      this.#pending.delete(ack.sequence);
      const { accepted, duplicates, refusals } = state;
      pending.resolve({ accepted, duplicates, refusals });
      this.#waiting.shift()?.();
    }
    this.#pump();
  }

  /**
   * Items that the broker refused for now wait for its hint, or for a backoff that grows with their attempts.
   */
  #holdBack(pending: Pending, retryAfterMs: number): void {
    const delayMs = retryDelayMs(this.#random, pending.state.attempts, retryAfterMs);
    pending.held = true;
    this.#after(delayMs, () => {
      pending.held = false;
      this.#pump();
    });
  }

  #onEnd(connection: PushConnection, fault: Fault): void {
    if (connection !== this.#connection || this.#state.kind === 'closed') return;
    this.#connection = undefined;
    this.#cancelAckTimer();
    this.#blameOldest(fault);
    for (const pending of this.#pending.values()) pending.written = false;
    const delayMs = retryDelayMs(this.#random, this.#failures++, fault.retryAfterMs);
    const { broker } = connection;
    this.#state = { kind: 'waiting', broker, fault };
    this.#logger.warn(
      { broker, code: fault.code, detail: fault.detail, unanswered: this.inFlight },
      'broker lost',
    );
    this.#turn++;
    this.#after(delayMs, () => this.#connect());
  }

  #blameOldest(fault: Fault): void {
    if (
      fault.code !== 'invalid_argument' &&
      fault.code !== 'out_of_range' &&
      fault.code !== 'resource_exhausted'
    )
      return;
    const oldest = [...this.#pending].find(([, pending]) => pending.written);
    if (oldest === undefined || ++oldest[1].endings < POISON_ENDINGS_MAX) return;
    const [sequence, { state, resolve }] = oldest;
    this.#pending.delete(sequence);
    const refusals = [...state.refusals, ...state.reports.map((report) => ({ report, fault }))];
    resolve({ accepted: state.accepted, duplicates: state.duplicates, refusals });
    this.#waiting.shift()?.();
  }

  /** Runs while anything is unanswered, from the last sign of life on. */
  #armAckTimer(): void {
    this.#cancelAckTimer();
    if (this.#writtenCount() === 0) return;
    const ackTimeoutMs = this.#options.ackTimeoutMs ?? ACK_TIMEOUT_MS;
    this.#cancelAckTimer = this.#clock.after(ackTimeoutMs, () => {
      this.#connection?.end(
        new Fault('deadline_exceeded', `no acknowledgement for ${ackTimeoutMs} ms`, {
          reason: 'ack_timeout',
        }),
      );
    });
  }

  #writtenCount(): number {
    let count = 0;
    for (const pending of this.#pending.values()) if (pending.written) count++;
    return count;
  }

  #after(delayMs: number, run: () => void): void {
    assert(this.#state.kind !== 'closed', 'a closed stream sets no timer');
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
  }
}
