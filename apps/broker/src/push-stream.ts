/**
 * One agent's stream of batches: an acknowledgement per batch, in the order they came.
 *
 * 1. At most {@link IN_FLIGHT_MAX} batches are worked on; then the stream is paused, and HTTP/2 holds the
 *    sender back.
 * 2. When the broker drains, batches that came are still acknowledged, then the stream ends with
 *    `unavailable`.
 */
import { once } from 'node:events';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Fault, toFault } from '@ringwatch/kernel';
import type { Batch, BatchAck } from '@ringwatch/contracts';
import type { Ingest } from './ingest.ts';

const IN_FLIGHT_MAX = 16;

/**
 * Serves the stream until either side ends it. @throws {Fault} `unavailable` / `draining` when `draining`
 * aborts.
 */
export async function servePushStream(
  call: ServerDuplexStream<Batch, BatchAck>,
  ingest: Ingest,
  draining: AbortSignal,
): Promise<void> {
  let inFlight = 0;
  let acks = Promise.resolve();
  let failure: Fault | undefined;
  const acknowledge = async (ack: Promise<BatchAck>): Promise<void> => {
    const message = await ack;
    if (!call.cancelled && !call.write(message))
      await Promise.race([once(call, 'drain'), once(call, 'cancelled')]);
    if (--inFlight < IN_FLIGHT_MAX) call.resume();
  };
  call.on('data', (batch: Batch) => {
    if (++inFlight >= IN_FLIGHT_MAX) call.pause();
    const ack = ingest.storeBatch(batch);
    acks = acks.then(() => acknowledge(ack)).catch((error: unknown) => void (failure ??= toFault(error)));
  });
  await endOf(call, draining);
  await acks;
  if (failure !== undefined) throw failure;
  if (draining.aborted)
    throw new Fault('unavailable', 'this broker is stopping', { reason: 'draining', retryAfterMs: 100 });
  call.end();
}

/** Resolves when the client is done or gone, or when the broker drains. */
function endOf(call: ServerDuplexStream<Batch, BatchAck>, draining: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    call.once('end', resolve);
    call.once('cancelled', resolve);
    call.once('error', () => resolve());
    if (draining.aborted) resolve();
    draining.addEventListener('abort', () => resolve(), { once: true });
  });
}
