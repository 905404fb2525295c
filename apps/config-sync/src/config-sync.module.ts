import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigStore } from '@ringwatch/config-store';
import { ConfigController } from './config.controller.ts';
import { DocumentsController } from './documents.controller.ts';

/** All the wiring of config-sync's doors; the embedded store's is in `kv-door.ts`, beside Nest. */
@Module({})
export class ConfigSyncModule {
  static of(store: ConfigStore): DynamicModule {
    return {
      module: ConfigSyncModule,
      controllers: [DocumentsController, ConfigController],
      providers: [{ provide: ConfigStore, useValue: store }],
    };
  }
}
