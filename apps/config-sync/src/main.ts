import { runService, startProcess } from '@ringwatch/service';
import { configSyncConfig } from './config.ts';
import { startConfigSync } from './start-config-sync.ts';

const service = startProcess({ name: 'config-sync', schema: configSyncConfig });
await runService(service, () => startConfigSync(service));
