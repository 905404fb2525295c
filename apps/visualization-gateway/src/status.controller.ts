import { Controller, Get } from '@nestjs/common';
import type { z } from 'zod';
import { GatewayStatus } from './gateway-status.ts';
import { openApiDocument } from './openapi.ts';
import type { statusAnswer } from './rest-schemas.ts';

/** What the gateway says of itself and of its doors. */
@Controller('api/v1')
export class StatusController {
  constructor(private readonly status: GatewayStatus) {}

  @Get('status')
  read(): z.output<typeof statusAnswer> {
    return this.status.read();
  }

  @Get('openapi.json')
  openApi(): object {
    return openApiDocument();
  }
}
