/**
 * One gateway's subscription: the feed's events, as fast as the reader takes them. A slow reader holds only
 * its own cursor back; when that falls out of the retained log, it gets a reset.
 */
import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { SubscribeEvent, SubscribeRequest } from '@ringwatch/contracts';
import { Fault } from '@ringwatch/kernel';
import { toWire } from '@ringwatch/metrics';
import type { Feed, FeedEvent } from '@ringwatch/partition';

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
  // The keys of a schema travel once per stream.
  const sent = new Set<string>();
  for await (const event of feed.read(request, signal)) {
    if (signal.aborted) break;
    if (!call.write(toMessage(event, sent))) await once(call, 'drain', { signal }).catch(() => undefined);
  }
  if (draining.aborted)
    throw new Fault('unavailable', 'this broker is stopping', { reason: 'draining', retryAfterMs: 100 });
}

function toMessage(event: FeedEvent, sent: Set<string>): SubscribeEvent {
  if (event.kind === 'idle') return { event: { $case: 'idle', value: { index: event.index } } };
  const wire = toWire(event.reports, sent);
  for (const { schema } of event.reports) sent.add(schema.hash);
  if (event.kind === 'applied')
    return { event: { $case: 'applied', value: { index: event.index, ...wire } } };
  const { logId, index, complete } = event;
  return { event: { $case: 'reset', value: { logId, index, complete, ...wire } } };
}
