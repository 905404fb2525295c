import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Metadata, ServerWritableStream } from '@grpc/grpc-js';
import type * as wire from '@ringwatch/contracts';
import { Replica } from '@ringwatch/partition';
import { Lifecycle } from '@ringwatch/service';
import { Observable } from 'rxjs';
import { Monitor } from './monitor.ts';
import { serveSubscription, SubscriptionLimit } from './subscription-stream.ts';

/** The gRPC doors for queries and subscriptions. */
@Controller()
export class MonitorController {
  readonly #subscriptions = new SubscriptionLimit();

  constructor(
    private readonly monitor: Monitor,
    private readonly replica: Replica,
    private readonly lifecycle: Lifecycle,
  ) {}

  @GrpcMethod('MonitorService', 'GetMetrics')
  getMetrics(request: wire.GetMetricsRequest): Promise<wire.GetMetricsReply> {
    return this.monitor.getMetrics(request);
  }

  @GrpcMethod('MonitorService', 'ListHosts')
  listHosts(request: wire.ListHostsRequest): wire.ListHostsReply {
    return this.monitor.listHosts(request);
  }

  @GrpcMethod('MonitorService', 'GetLatest')
  getLatest(request: wire.GetLatestRequest): wire.GetLatestReply {
    return this.monitor.getLatest(request);
  }

  /** Written straight to the call, because an observable cannot be held back by a slow reader. */
  @GrpcMethod('MonitorService', 'Subscribe')
  subscribe(
    request: wire.SubscribeRequest,
    _metadata: Metadata,
    call: ServerWritableStream<wire.SubscribeRequest, wire.SubscribeEvent>,
  ): Observable<never> {
    return new Observable((subscriber) => {
      const serve = (): Promise<void> =>
        serveSubscription(request, call, this.replica.feed, this.lifecycle.signal);
      this.#subscriptions.hold(serve).then(
        () => subscriber.complete(),
        (error: unknown) => subscriber.error(error),
      );
    });
  }
}
