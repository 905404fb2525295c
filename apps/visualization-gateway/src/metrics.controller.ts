import { Controller, Get, Query } from '@nestjs/common';
import type { z } from 'zod';
import { checkQuery } from './check-query.ts';
import { Queries } from './queries.ts';
import { latestQuery, metricsQuery, type latestAnswer, type metricsAnswer } from './rest-schemas.ts';

/** What was reported. */
@Controller('api/v1')
export class MetricsController {
  constructor(private readonly queries: Queries) {}

  @Get('metrics')
  metrics(@Query() query: unknown): Promise<z.output<typeof metricsAnswer>> {
    return this.queries.metrics(checkQuery(metricsQuery, query));
  }

  @Get('latest')
  latest(@Query() query: unknown): Promise<z.output<typeof latestAnswer>> {
    return this.queries.latest(checkQuery(latestQuery, query));
  }
}
