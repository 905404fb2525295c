import { toFault } from '@ringwatch/kernel';
import { startProcess } from '@ringwatch/service';
import { configSyncConfig } from './config.ts';
import { startConfigSync } from './start-config-sync.ts';

/** sysexits.h EX_UNAVAILABLE: the embedded store is locked or damaged, or a port is taken. */
const EXIT_UNAVAILABLE = 69;

const service = startProcess({ name: 'config-sync', schema: configSyncConfig });
try {
  await startConfigSync(service);
} catch (error) {
  const { code, reason, detail } = toFault(error);
  service.logger.error({ code, reason, detail }, 'cannot start');
  await service.lifecycle.shutdown('cannot start', EXIT_UNAVAILABLE);
}
