/**
 * One gateway's subscription: the feed's events, as fast as the reader takes them. A slow reader holds only
 * its own cursor back; when that falls out of the retained log, it gets a reset.
 */
import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { SubscribeEvent, SubscribeRequest } from '@ringwatch/contracts';
import { Fault } from '@ringwatch/kernel';
import { keyBytesOf, toWire, wirePages, type Schema } from '@ringwatch/metrics';
import type { Feed, FeedEvent } from '@ringwatch/partition';

/** Readers at a time; each may hold a message or two that it does not take. */
const SUBSCRIPTIONS_MAX = 64;

/** Counts the subscriptions of one broker. */
export class SubscriptionLimit {
  #open = 0;

  /** Runs `serve` in a place of its own. @throws {Fault} `resource_exhausted` / `too_many_subscriptions`. */
  async hold(serve: () => Promise<void>): Promise<void> {
    if (this.#open >= SUBSCRIPTIONS_MAX) {
      const detail = `this broker serves ${SUBSCRIPTIONS_MAX} subscriptions already`;
      throw new Fault('resource_exhausted', detail, {
        reason: 'too_many_subscriptions',
        retryAfterMs: 5_000,
      });
    }
    this.#open++;
    try {
      await serve();
    } finally {
      this.#open--;
    }
  }
}

/** Serves until the client is gone. @throws {Fault} `unavailable` / `draining` when `draining` aborts. */
export async function serveSubscription(
  request: SubscribeRequest,
  call: ServerWritableStream<SubscribeRequest, SubscribeEvent>,
  feed: Feed,
  draining: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  call.once('cancelled', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, draining]);
  const sent = new SentSchemas();
  for await (const event of feed.read(request, signal)) {
    for (const message of messagesOf(event, sent)) {
      if (signal.aborted) break;
      if (!call.write(message)) await once(call, 'drain', { signal }).catch(() => undefined);
    }
  }
  if (draining.aborted)
    throw new Fault('unavailable', 'this broker is stopping', { reason: 'draining', retryAfterMs: 100 });
}

/** An event as messages that each fit the transport; only the last one says that it is complete. */
function* messagesOf(event: FeedEvent, sent: SentSchemas): Generator<SubscribeEvent> {
  const { kind, index } = event;
  if (kind === 'idle') {
    yield { event: { $case: 'idle', value: { index } } };
    return;
  }
  const pages = event.reports.length === 0 ? [[]] : [...wirePages(event.reports, sent.hashes)];
  for (const [i, page] of pages.entries()) {
    const wire = toWire(page, sent.hashes);
    for (const { schema } of page) sent.add(schema);
    const last = i === pages.length - 1;
    if (kind === 'applied') {
      yield { event: { $case: 'applied', value: { index, ...wire, complete: last } } };
    } else {
      const { logId, complete } = event;
      yield { event: { $case: 'reset', value: { logId, index, ...wire, complete: complete && last } } };
    }
  }
}

/** Keys that a reader is expected to remember, bytes; half of what its table holds. */
const SENT_KEY_BYTES_MAX = 16 * 1024 * 1024;

/** The keys of a schema travel once per stream, and again when much has travelled since. */
class SentSchemas {
  readonly hashes = new Set<string>();
  #keyBytes = 0;

  add(schema: Schema): void {
    if (this.hashes.has(schema.hash)) return;
    if (this.#keyBytes > SENT_KEY_BYTES_MAX) {
      this.hashes.clear();
      this.#keyBytes = 0;
    }
    this.hashes.add(schema.hash);
    this.#keyBytes += keyBytesOf(schema);
  }
}
