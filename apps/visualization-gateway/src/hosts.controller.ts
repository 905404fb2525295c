import { Controller, Get, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { checkQuery } from './check-query.ts';
import { Queries } from './queries.ts';
import { hostPath, hostsQuery, type host, type hostsAnswer } from './rest-schemas.ts';

/** Who reports. */
@Controller('api/v1/hosts')
export class HostsController {
  constructor(private readonly queries: Queries) {}

  @Get()
  list(@Query() query: unknown): Promise<z.output<typeof hostsAnswer>> {
    return this.queries.hosts(checkQuery(hostsQuery, query));
  }

  @Get(':hostId')
  get(@Param() path: unknown): Promise<z.output<typeof host>> {
    return this.queries.host(checkQuery(hostPath, path).hostId);
  }
}
