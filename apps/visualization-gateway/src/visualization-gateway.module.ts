import { Module, type DynamicModule } from '@nestjs/common';
import { HostsController } from './hosts.controller.ts';
import { GatewayStatus } from './gateway-status.ts';
import { Admission } from './live-adapter.ts';
import { LiveGateway } from './live.gateway.ts';
import { LiveHub } from './live-hub.ts';
import { MetricsController } from './metrics.controller.ts';
import { Queries } from './queries.ts';
import { StatusController } from './status.controller.ts';

export interface GatewayParts {
  readonly queries: Queries;
  readonly hub: LiveHub;
  readonly admission: Admission;
  readonly status: GatewayStatus;
}

/** All the wiring of the gateway's doors. */
@Module({})
export class VisualizationGatewayModule {
  static of({ queries, hub, admission, status }: GatewayParts): DynamicModule {
    return {
      module: VisualizationGatewayModule,
      controllers: [HostsController, MetricsController, StatusController],
      providers: [
        LiveGateway,
        { provide: Queries, useValue: queries },
        { provide: LiveHub, useValue: hub },
        { provide: Admission, useValue: admission },
        { provide: GatewayStatus, useValue: status },
      ],
    };
  }
}
