import { runService, startProcess } from '@ringwatch/service';
import { brokerConfig } from './config.ts';
import { startBroker } from './start-broker.ts';

const service = startProcess({ name: 'broker', schema: brokerConfig });
await runService(service, () => startBroker(service));
