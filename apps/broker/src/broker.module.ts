import { Module, type DynamicModule } from '@nestjs/common';
import type { Clock } from '@ringwatch/kernel';
import { Replica } from '@ringwatch/partition';
import { Lifecycle, type ServiceProcess } from '@ringwatch/service';
import { IngestController } from './ingest.controller.ts';
import { Ingest, type IngestResult } from './ingest.ts';
import { IngestMetrics } from './ingest-metrics.ts';
import { MonitorController } from './monitor.controller.ts';
import { Monitor } from './monitor.ts';
import { ReportsController } from './reports.controller.ts';
import { StatusController } from './status.controller.ts';
import { BrokerStatus } from './broker-status.ts';
import type { SettingsHolder } from './settings.ts';

export interface BrokerParts {
  readonly process: Pick<ServiceProcess, 'lifecycle' | 'metrics'>;
  readonly replica: Replica;
  readonly settings: SettingsHolder;
  readonly status: BrokerStatus;
  readonly clock: Clock;
}

/** All the wiring of the broker's doors. */
@Module({})
export class BrokerModule {
  static of({ process, replica, settings, status, clock }: BrokerParts): DynamicModule {
    const metrics = new IngestMetrics(process.metrics);
    const onResult = (result: IngestResult): void => metrics.count(result);
    return {
      module: BrokerModule,
      controllers: [IngestController, ReportsController, MonitorController, StatusController],
      providers: [
        { provide: Lifecycle, useValue: process.lifecycle },
        { provide: Replica, useValue: replica },
        { provide: BrokerStatus, useValue: status },
        { provide: Ingest, useValue: new Ingest({ replica, settings, clock, onResult }) },
        { provide: Monitor, useValue: new Monitor(replica, settings, clock) },
      ],
    };
  }
}
