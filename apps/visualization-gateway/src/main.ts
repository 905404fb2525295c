import { runService, startProcess } from '@ringwatch/service';
import { gatewayConfig } from './config.ts';
import { openGateway } from './open-gateway.ts';

const service = startProcess({ name: 'visualization-gateway', schema: gatewayConfig });
await runService(service, () => openGateway(service));
