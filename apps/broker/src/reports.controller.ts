import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Ingest, type IngestResult } from './ingest.ts';

/** The HTTP door for reports: one report or an array, JSON, gzip welcome. */
@Controller('api/v1/reports')
export class ReportsController {
  constructor(private readonly ingest: Ingest) {}

  @Post()
  @HttpCode(200)
  async post(@Body() body: unknown): Promise<object> {
    return answerOf(await this.ingest.storeJson(body));
  }
}

function answerOf({ accepted, duplicates, refusals, logIndex }: IngestResult): object {
  const items = refusals.map(({ index, fault: { code, reason, detail, retryAfterMs } }) => ({
    index,
    code,
    reason,
    detail,
    retryAfterMs,
  }));
  return { accepted, duplicates, logIndex, items };
}
