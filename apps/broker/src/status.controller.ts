import { Controller, Get } from '@nestjs/common';
import { BrokerStatus } from './broker-status.ts';

/** What the broker says of itself, for people and for tests. */
@Controller('api/v1/status')
export class StatusController {
  constructor(private readonly status: BrokerStatus) {}

  @Get()
  get(): object {
    return this.status.read();
  }
}
