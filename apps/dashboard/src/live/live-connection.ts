/**
 * The page's one socket: opens it, keeps it, and says what the page must show of it.
 *
 * 1. What follows from what is `nextPhase`'s; here are only its times: silence after three intervals, tries
 *    with full jitter, a socket that says nothing for too long is given up.
 * 2. All subscriptions share the socket and are made again on every new one; a new snapshot voids what they
 *    knew. One that the gateway refuses for now is asked for again when it says.
 * 3. A frame that cannot be read ends the socket, for the page would no longer know what it lacks.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { backoffMs, toFault, type Fault, type Clock, type Random } from '@ringwatch/kernel';
import {
  CLOSE_POLICY,
  encodeFrame,
  nextPhase,
  parseServerFrame,
  RECONNECT_BASE_MS,
  RECONNECT_MAX_MS,
  STALE_AFTER_INTERVALS,
  type ConnectionEvent,
  type Phase,
  type ServerFrame,
  type SourceStatus,
  type SubscribeFrame,
} from '@ringwatch/live';
import { Subscription, type SubscriptionSink } from './subscription.ts';

/** What went wrong, for people. */
export interface ConnectionFault {
  readonly title: string;
  readonly detail: string;
}

/** What the page shows of its connection. */
export interface ConnectionState {
  readonly phase: Phase;
  /** When the next try starts, in the page's wall time; only while it waits for it. */
  readonly retryAtMs: number | undefined;
  /** The gateway's own connection; undefined before its first word. */
  readonly source: SourceStatus | undefined;
  readonly intervalMs: number;
  readonly backends: Readonly<Record<string, string>>;
  /** When the newest report arrived, in the page's wall time. */
  readonly dataAtMs: number | undefined;
  /** Reports that the server left out because this page read too slowly. */
  readonly skipped: number;
  /** When it did so last, in the page's wall time. */
  readonly skippedAtMs: number | undefined;
  readonly fault: ConnectionFault | undefined;
}

/** The part of a browser's WebSocket that is used. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
}

/**
 * A socket that said nothing for this long is given up; the server answers pings, so this means that it is
 * gone.
 */
const SILENT_SOCKET_MS = 25_000;
const PING_EVERY_MS = 10_000;
const DEFAULT_INTERVAL_MS = 1_000;

const INITIAL: ConnectionState = {
  phase: 'connecting',
  retryAtMs: undefined,
  source: undefined,
  intervalMs: DEFAULT_INTERVAL_MS,
  backends: {},
  dataAtMs: undefined,
  skipped: 0,
  skippedAtMs: undefined,
  fault: undefined,
};

export interface LiveConnectionOptions {
  readonly openSocket: () => Socket;
  readonly clock: Clock;
  readonly random: Random;
}

export class LiveConnection {
  readonly #state = signal<ConnectionState>(INITIAL);
  readonly #subscriptions = new Map<string, Subscription>();
  /** Cancel, by id, to ask again for a subscription that was refused. */
  readonly #postponed = new Map<string, () => void>();
  #socket: Socket | undefined;
  #open = false;
  #attempt = 0;
  #heardAtMs = 0;
  #cancelRetry = (): void => undefined;
  #cancelSilence = (): void => undefined;
  #cancelPing = (): void => undefined;

  constructor(private readonly options: LiveConnectionOptions) {}

  get state(): ReadonlySignal<ConnectionState> {
    return this.#state;
  }

  /** Tries now: at the start, and when the user does not want to wait. */
  connect(): void {
    this.#cancelRetry();
    this.#dispose();
    this.#step('opening', { retryAtMs: undefined, fault: undefined });
    const socket = this.options.openSocket();
    this.#socket = socket;
    this.#heardAtMs = this.options.clock.monotonicMs();
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#heard(String(data));
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#schedulePing();
  }

  /** Ends everything; the state stays as it is. */
  stop(): void {
    this.#cancelRetry();
    this.#cancelSilence();
    this.#dispose();
  }

  /** Subscribes, now and on every later socket, until the returned function is called. */
  subscribe(frame: SubscribeFrame, sink: SubscriptionSink): () => void {
    const subscription = new Subscription(frame, sink);
    this.#subscriptions.set(frame.id, subscription);
    this.#send(encodeFrame(frame));
    this.#expectData();
    return () => {
      if (this.#subscriptions.get(frame.id) !== subscription) return;
      this.#subscriptions.delete(frame.id);
      this.#send(encodeFrame({ type: 'unsubscribe', id: frame.id }));
    };
  }

  #opened(): void {
    this.#open = true;
    for (const subscription of this.#subscriptions.values()) this.#send(encodeFrame(subscription.frame));
    this.#expectData();
  }

  #heard(text: string): void {
    this.#heardAtMs = this.options.clock.monotonicMs();
    try {
      this.#take(parseServerFrame(text));
    } catch (error) {
      this.#refuseOrRetry(toFault(error));
    }
  }

  #take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome': {
        this.#attempt = 0;
        const { intervalMs, backends, status } = frame;
        return this.#step('welcomed', { intervalMs, backends, source: status });
      }
      case 'settings':
        return this.#set({ intervalMs: frame.intervalMs });
      case 'status':
        if (frame.status.state === 'live') return this.#set({ source: frame.status });
        return this.#step('silence', { source: frame.status });
      case 'snapshot':
      case 'update':
        return this.#takeReports(frame);
      case 'error':
        if (frame.code === 'resource_exhausted') return this.#postpone(frame);
        return this.#set({ fault: { title: frame.reason, detail: frame.detail } });
      case 'closing':
      case 'pong':
        return;
    }
  }

  #takeReports(frame: Extract<ServerFrame, { type: 'snapshot' | 'update' }>): void {
    const subscription = this.#subscriptions.get(frame.id);
    if (subscription === undefined) return; // Sent before the server heard that it is over.
    const newestMs = subscription.take(frame, this.options.clock.nowMs());
    if (frame.type === 'update' && frame.skipped !== undefined) this.#noteSkipped(frame.skipped);
    if (newestMs === undefined) {
      if (frame.type === 'snapshot' && frame.complete && subscription.empty) this.#step('nothing', {});
      return;
    }
    const ageMs = frame.serverTimeMs - newestMs;
    const fresh = frame.type === 'update' || ageMs < this.#silenceMs();
    const dataAtMs = this.options.clock.nowMs() - (frame.type === 'snapshot' ? Math.max(0, ageMs) : 0);
    this.#step(fresh ? 'data' : 'silence', { dataAtMs });
    if (fresh) this.#expectData();
  }

  /** The user changed views faster than the gateway lets a page subscribe. */
  #postpone({ id, retryAfterMs }: Extract<ServerFrame, { type: 'error' }>): void {
    if (id === undefined || retryAfterMs === undefined) return;
    this.#postponed.get(id)?.();
    const askAgain = (): void => {
      this.#postponed.delete(id);
      const subscription = this.#subscriptions.get(id);
      if (subscription !== undefined) this.#send(encodeFrame(subscription.frame));
    };
    this.#postponed.set(id, this.options.clock.after(retryAfterMs, askAgain));
  }

  #noteSkipped(count: number): void {
    const skipped = this.#state.value.skipped + count;
    this.#set({ skipped, skippedAtMs: this.options.clock.nowMs() });
  }

  /** Starts the wait after which the page is stale. */
  #expectData(): void {
    this.#cancelSilence();
    if (!this.#open) return;
    this.#cancelSilence = this.options.clock.after(this.#silenceMs(), () => this.#step('silence', {}));
  }

  #silenceMs(): number {
    const announced = [...this.#subscriptions.values()].map((subscription) => subscription.intervalMs);
    return STALE_AFTER_INTERVALS * Math.max(this.#state.value.intervalMs, ...announced);
  }

  #lost(code: number, reason: string): void {
    this.#dispose();
    if (code === CLOSE_POLICY) {
      return this.#step('refused', { fault: { title: 'The gateway refused this page', detail: reason } });
    }
    const { clock, random } = this.options;
    const delayMs =
      RECONNECT_BASE_MS + backoffMs(random, this.#attempt++, RECONNECT_BASE_MS, RECONNECT_MAX_MS);
    this.#step('lost', { retryAtMs: clock.nowMs() + delayMs });
    this.#cancelRetry = clock.after(delayMs, () => this.connect());
  }

  #refuseOrRetry(fault: Fault): void {
    this.#dispose();
    if (fault.reason !== 'frame_version') return this.#lost(0, fault.detail);
    const title = 'The gateway speaks another version: reload the page';
    this.#step('refused', { fault: { title, detail: fault.detail } });
  }

  #schedulePing(): void {
    this.#cancelPing();
    this.#cancelPing = this.options.clock.after(PING_EVERY_MS, () => {
      const silentMs = this.options.clock.monotonicMs() - this.#heardAtMs;
      if (silentMs > SILENT_SOCKET_MS) return this.#lost(0, 'silent');
      this.#send(encodeFrame({ type: 'ping' }));
      this.#schedulePing();
    });
  }

  #send(text: string): void {
    if (this.#open) this.#socket?.send(text);
  }

  #dispose(): void {
    this.#cancelPing();
    this.#cancelSilence();
    for (const cancel of this.#postponed.values()) cancel();
    this.#postponed.clear();
    this.#open = false;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #step(event: ConnectionEvent, change: Partial<ConnectionState>): void {
    this.#set({ ...change, phase: nextPhase(this.#state.value.phase, event) });
  }

  #set(change: Partial<ConnectionState>): void {
    this.#state.value = { ...this.#state.value, ...change };
  }
}
