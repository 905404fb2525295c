/**
 * A subscription that survives its broker: events from a cursor on, over as many connections as it takes.
 *
 * 1. No gap and no duplicate, or a reset: a new connection asks for the index after the last event seen; one
 *    that broke amid a reset asks for a new reset, one that broke amid the parts of an index for that index.
 * 2. A silent stream is a dead one: brokers speak every second, so after {@link
 *    SubscribeOptions.silenceMaxMs} without a word the connection is given up.
 * 3. The consumer sets the pace: nothing is read ahead, HTTP/2 holds the broker back.
 */
import { credentials, type ClientReadableStream } from '@grpc/grpc-js';
import { MonitorServiceClient, type SubscribeEvent } from '@ringwatch/contracts';
import { Fault, silentLogger, sleep, type Clock, type Logger, type Random } from '@ringwatch/kernel';
import { systemClock, systemRandom } from '@ringwatch/kernel/system';
import {
  fromWire,
  LIMITS_CEILING,
  resolveSchemas,
  SchemaTable,
  type Report,
  type WireReports,
} from '@ringwatch/metrics';
import { CHANNEL_OPTIONS, retryDelayMs } from './channel.ts';
import { faultOfGrpc } from './grpc-fault.ts';

/** Where to go on: the index after the last event seen, in the log it belongs to. */
export interface Cursor {
  readonly logId: string;
  readonly fromIndex: number;
}

export type SubscriptionEvent =
  | {
      readonly kind: 'reset';
      readonly logId: string;
      readonly index: number;
      readonly reports: readonly Report[];
      /** False while more of the snapshot follows. */
      readonly complete: boolean;
    }
  /** An index may come in several parts; after a lost connection those before come again. */
  | { readonly kind: 'applied'; readonly index: number; readonly reports: readonly Report[] }
  | { readonly kind: 'idle'; readonly index: number }
  /** The connection was lost; events follow when another stands. */
  | { readonly kind: 'disconnected'; readonly broker: string; readonly fault: Fault };

export interface SubscribeOptions {
  /** Replicas of one log, in order of preference. */
  readonly brokers: readonly string[];
  readonly signal: AbortSignal;
  /** Where an earlier subscription ended; default: a reset first. */
  readonly cursor?: Cursor;
  /** Default 5 s; brokers send at least an idle event each second. */
  readonly silenceMaxMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

const SILENCE_MAX_MS = 5_000;
/** Schemas remembered for a connection; a broker sends the keys of each once. */
const SCHEMAS_MAX = 100_000;
const FROM_RESET: Cursor = { logId: '', fromIndex: 0 };

/** Events until `signal` aborts. Never throws; trouble is a `disconnected` event. */
export async function* subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionEvent> {
  const { brokers, signal, clock = systemClock, random = systemRandom, logger = silentLogger } = options;
  let cursor = options.cursor ?? FROM_RESET;
  let failures = 0;
  for (let turn = 0; !signal.aborted; turn++) {
    const broker = brokers[turn % brokers.length] as string;
    const connection = new Connection(broker, cursor, options.silenceMaxMs ?? SILENCE_MAX_MS, clock, signal);
    let fault = new Fault('unavailable', 'the broker ended the stream');
    try {
      for await (const event of connection.events()) {
        failures = 0;
        cursor = connection.cursor;
        yield event;
      }
    } catch (error) {
      fault = faultOfGrpc(error);
    } finally {
      connection.close();
      cursor = connection.cursor;
    }
    if (signal.aborted) return;
    logger.warn({ broker, code: fault.code, detail: fault.detail }, 'subscription lost');
    yield { kind: 'disconnected', broker, fault };
    await sleep(clock, retryDelayMs(random, failures++, fault.retryAfterMs), signal);
  }
}

class Connection {
  readonly #client: MonitorServiceClient;
  readonly #call: ClientReadableStream<SubscribeEvent>;
  readonly #silenceMaxMs: number;
  readonly #clock: Clock;
  readonly #schemas = new SchemaTable(SCHEMAS_MAX);
  readonly #stop: () => void;
  #cursor: Cursor;

  constructor(broker: string, cursor: Cursor, silenceMaxMs: number, clock: Clock, signal: AbortSignal) {
    this.#cursor = cursor;
    this.#silenceMaxMs = silenceMaxMs;
    this.#clock = clock;
    this.#client = new MonitorServiceClient(broker, credentials.createInsecure(), CHANNEL_OPTIONS);
    this.#call = this.#client.subscribe(cursor);
    const abort = (): void => this.#call.cancel();
    signal.addEventListener('abort', abort, { once: true });
    this.#stop = () => signal.removeEventListener('abort', abort);
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  async *events(): AsyncGenerator<SubscriptionEvent> {
    const messages = this.#call[Symbol.asyncIterator]() as AsyncIterator<SubscribeEvent>;
    for (;;) {
      const next = await this.#beforeSilence(messages.next());
      if (next.done === true) return;
      const event = this.#decode(next.value);
      if (event !== undefined) yield event;
    }
  }

  close(): void {
    this.#stop();
    this.#call.cancel();
    this.#call.on('error', () => undefined); // The cancellation itself comes back as an error.
    this.#client.close();
  }

  /** Only while we wait: a slow consumer is not a silent broker. */
  #beforeSilence<T>(next: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(this.#silenceMaxMs, () => {
        reject(
          new Fault('unavailable', `no event for ${this.#silenceMaxMs} ms`, { reason: 'silent_stream' }),
        );
      });
      next.then(resolve, reject).finally(cancel);
    });
  }

  /** Undefined for events of a newer broker. @throws {Fault} when a report cannot be understood. */
  #decode({ event }: SubscribeEvent): SubscriptionEvent | undefined {
    switch (event?.$case) {
      case undefined:
        return undefined;
      case 'reset': {
        const { logId, index, complete } = event.value;
        const reports = this.#reportsOf(event.value);
        this.#cursor = complete ? { logId, fromIndex: index + 1 } : FROM_RESET;
        return { kind: 'reset', logId, index, reports, complete };
      }
      case 'applied': {
        const { index, complete } = event.value;
        const reports = this.#reportsOf(event.value);
        this.#goOnFrom(complete ? index + 1 : index);
        return { kind: 'applied', index, reports };
      }
      case 'idle':
        this.#goOnFrom(event.value.index + 1);
        return { kind: 'idle', index: event.value.index };
    }
  }

  #goOnFrom(fromIndex: number): void {
    if (this.#cursor.logId !== '') this.#cursor = { logId: this.#cursor.logId, fromIndex };
  }

  /** The broker has checked its settings' limits; here only what no setting allows is refused. */
  #reportsOf(wire: WireReports): readonly Report[] {
    const schemas = resolveSchemas(wire.schemas, this.#schemas, LIMITS_CEILING);
    return wire.reports.map((each) => {
      const report = fromWire(each, schemas);
      if (report instanceof Fault) throw report;
      return report;
    });
  }
}
