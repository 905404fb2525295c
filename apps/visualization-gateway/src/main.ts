import { startProcess } from '@ringwatch/service';
import { gatewayConfig } from './config.ts';
import { openGateway } from './open-gateway.ts';

await openGateway(startProcess({ name: 'visualization-gateway', schema: gatewayConfig }));
