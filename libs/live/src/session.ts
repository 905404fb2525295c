/**
 * One viewer's socket as a state machine: text and buffer levels in, effects out. It owns no socket and no
 * clock.
 *
 * 1. At most SUBSCRIPTIONS_MAX subscriptions; a client that subscribes faster than SUBSCRIBES_PER_SECOND is
 *    refused, one that sends faster than CLIENT_FRAMES_PER_SECOND as well and, if it does not stop, closed
 *    with 1008.
 * 2. From CONFLATE_FROM_BYTES of unsent data on nothing is sent but what this viewer needs to be up to date:
 *    the newest report of each host, once its socket has drained. The number of reports skipped is said.
 * 3. At CLOSE_FROM_BYTES, or after DRAIN_TIMEOUT_MS above CONFLATE_FROM_BYTES, the viewer is closed with
 *    1013.
 * 4. A refused frame changes nothing: the subscriptions stay as they were.
 */
import { Fault, toFault } from '@ringwatch/kernel';
import { Allowance } from './allowance.ts';
import type { ChannelUpdate, LiveChannel } from './channel.ts';
import { Delivery } from './delivery.ts';
import { encodeFrame, type ClientFrame, type SubscribeFrame } from './frame.ts';
import {
  CLIENT_FRAMES_BURST,
  CLIENT_FRAMES_PER_SECOND,
  CLOSE_FROM_BYTES,
  CLOSE_POLICY,
  CLOSE_TRY_AGAIN,
  CONFLATE_FROM_BYTES,
  DRAIN_TIMEOUT_MS,
  SUBSCRIBES_BURST,
  SUBSCRIBES_PER_SECOND,
  SUBSCRIPTIONS_MAX,
} from './limits.ts';
import { parseClientFrame } from './parse-client-frame.ts';

/** What the owner of the socket has to do. */
export type SessionEffect =
  | { readonly kind: 'send'; readonly text: string }
  /** Send the shared frame of the update at hand. */
  | { readonly kind: 'forward' }
  /** Find or make the channel of `frame` and {@link LiveSession.begin} with its snapshot, or wait for it. */
  | { readonly kind: 'open'; readonly frame: SubscribeFrame }
  /** The subscription is gone; its channel may be too. */
  | { readonly kind: 'drop'; readonly channel: LiveChannel }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

/** Where the session stands: unsent bytes of its socket, and both times. */
export interface SessionMoment {
  readonly bufferedBytes: number;
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** Refusals for sending too fast after which a viewer is closed. */
const RATE_STRIKES_MAX = 100;

export class LiveSession {
  readonly #deliveries = new Map<string, Delivery>();
  #closed = false;
  #slowSinceMs: number | undefined;
  readonly #frames = new Allowance(CLIENT_FRAMES_BURST, CLIENT_FRAMES_PER_SECOND);
  readonly #subscribes = new Allowance(SUBSCRIBES_BURST, SUBSCRIBES_PER_SECOND);
  #strikes = 0;

  /** Channels this session listens to. */
  *channels(): Generator<LiveChannel> {
    for (const delivery of this.#deliveries.values()) yield delivery.channel;
  }

  /** A message of the client. */
  receive(text: string, at: SessionMoment): readonly SessionEffect[] {
    if (this.#closed) return [];
    if (!this.#frames.take(at.monotonicMs)) return this.#tooFast();
    this.#strikes = 0;
    let frame: ClientFrame;
    try {
      frame = parseClientFrame(text);
    } catch (error) {
      return [errorEffect(toFault(error))];
    }
    switch (frame.type) {
      case 'ping':
        return [{ kind: 'send', text: encodeFrame({ ...frame, type: 'pong', serverTimeMs: at.wallMs }) }];
      case 'unsubscribe':
        return this.#drop(frame.id);
      case 'subscribe':
        return this.#subscribe(frame, at.monotonicMs);
    }
  }

  #subscribe(frame: SubscribeFrame, nowMs: number): readonly SessionEffect[] {
    const known = this.#deliveries.has(frame.id);
    if (!known && this.#deliveries.size >= SUBSCRIPTIONS_MAX) return [errorEffect(tooMany(), frame.id)];
    if (!this.#subscribes.take(nowMs)) return [errorEffect(tooOften(this.#subscribes.waitMs), frame.id)];
    return [...this.#drop(frame.id), { kind: 'open', frame }];
  }

  /** Takes up the subscription of `channel`, whose snapshot cannot be given yet. */
  wait(channel: LiveChannel): void {
    this.#deliveries.set(channel.id, new Delivery(channel));
  }

  /** Starts, or starts again, the subscription of `channel` with a snapshot. */
  begin(
    channel: LiveChannel,
    snapshot: Pick<ChannelUpdate, 'hosts' | 'reports'>,
    at: SessionMoment,
  ): readonly SessionEffect[] {
    if (this.#closed) return [];
    const known = this.#deliveries.get(channel.id);
    const delivery = known?.channel === channel ? known : new Delivery(channel);
    this.#deliveries.set(channel.id, delivery);
    delivery.begin(snapshot);
    return this.drain(at);
  }

  /** New reports of a channel that this session listens to. */
  offer(channel: LiveChannel, update: ChannelUpdate, at: SessionMoment): readonly SessionEffect[] {
    const delivery = this.#deliveries.get(channel.id);
    if (this.#closed || delivery?.channel !== channel) return [];
    if (delivery.direct && at.bufferedBytes < CONFLATE_FROM_BYTES) {
      const text = delivery.follow(update, at.wallMs);
      return [text === undefined ? { kind: 'forward' } : { kind: 'send', text }];
    }
    delivery.conflate(update);
    return this.drain(at);
  }

  /** Sends what waits as far as the socket takes it, and closes a viewer that does not read (invariant 3). */
  drain(at: SessionMoment): readonly SessionEffect[] {
    if (this.#closed) return [];
    const stalled = this.#stalled(at);
    if (stalled !== undefined) return this.#close(CLOSE_TRY_AGAIN, stalled);
    const effects: SessionEffect[] = [];
    let bufferedBytes = at.bufferedBytes;
    for (const delivery of this.#deliveries.values()) {
      while (bufferedBytes < CONFLATE_FROM_BYTES) {
        const text = delivery.next(at.wallMs);
        if (text === undefined) break;
        effects.push({ kind: 'send', text });
        bufferedBytes += text.length;
      }
    }
    return effects;
  }

  #stalled(at: SessionMoment): string | undefined {
    if (at.bufferedBytes >= CLOSE_FROM_BYTES) return 'too much unsent data';
    if (at.bufferedBytes < CONFLATE_FROM_BYTES) {
      this.#slowSinceMs = undefined;
      return undefined;
    }
    this.#slowSinceMs ??= at.monotonicMs;
    return at.monotonicMs - this.#slowSinceMs >= DRAIN_TIMEOUT_MS ? 'read too slowly' : undefined;
  }

  #drop(id: string): readonly SessionEffect[] {
    const delivery = this.#deliveries.get(id);
    if (delivery === undefined) return [];
    this.#deliveries.delete(id);
    return [{ kind: 'drop', channel: delivery.channel }];
  }

  #tooFast(): readonly SessionEffect[] {
    if (++this.#strikes > RATE_STRIKES_MAX) return this.#close(CLOSE_POLICY, 'too many frames');
    const detail = `at most ${CLIENT_FRAMES_PER_SECOND} frames a second`;
    const options = { reason: 'too_many_frames', retryAfterMs: 1_000 };
    return [errorEffect(new Fault('resource_exhausted', detail, options))];
  }

  #close(code: number, reason: string): readonly SessionEffect[] {
    this.#closed = true;
    const farewell = encodeFrame({ type: 'closing', reason, retryAfterMs: 1_000 });
    return [
      { kind: 'send', text: farewell },
      { kind: 'close', code, reason },
    ];
  }
}

function tooMany(): Fault {
  return new Fault('resource_exhausted', `at most ${SUBSCRIPTIONS_MAX} subscriptions`, {
    reason: 'too_many_subscriptions',
  });
}

function tooOften(retryAfterMs: number): Fault {
  const detail = `at most ${SUBSCRIBES_PER_SECOND} subscription a second`;
  return new Fault('resource_exhausted', detail, { reason: 'too_many_subscribes', retryAfterMs });
}

function errorEffect(fault: Fault, id?: string): SessionEffect {
  const { code, reason, detail, retryAfterMs } = fault;
  const text = encodeFrame({
    type: 'error',
    code,
    reason,
    detail,
    ...(id !== undefined && { id }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
  return { kind: 'send', text };
}
