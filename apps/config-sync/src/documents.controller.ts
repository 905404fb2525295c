import { Body, Controller, Delete, Get, Headers, Param, Put, Res } from '@nestjs/common';
import { ConfigStore, type WriteResult } from '@ringwatch/config-store';
import type { FastifyReply } from 'fastify';
import { conditionOf, etagOf } from './conditions.ts';

/** The HTTP door for documents. */
@Controller('api/v1/config')
export class DocumentsController {
  constructor(private readonly store: ConfigStore) {}

  @Get(':family')
  async list(@Param('family') family: string): Promise<object> {
    return { documents: await this.store.list(family) };
  }

  @Get(':family/:key')
  async get(
    @Param('family') family: string,
    @Param('key') key: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const document = await this.store.get(family, key);
    void reply.header('etag', etagOf(document.version));
    return document;
  }

  @Put(':family/:key')
  async put(
    @Param('family') family: string,
    @Param('key') key: string,
    @Body() value: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const result = await this.store.put(family, key, value, conditionOf(ifMatch, ifNoneMatch));
    void reply.header('etag', etagOf(result.document.version));
    return answerOf(result);
  }

  @Delete(':family/:key')
  async delete(
    @Param('family') family: string,
    @Param('key') key: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
  ): Promise<object> {
    return answerOf(await this.store.delete(family, key, conditionOf(ifMatch, ifNoneMatch)));
  }
}

function answerOf({ document, changed, copy }: WriteResult): object {
  const { family, key, version, hash, text } = document;
  const content = text === undefined ? { deleted: true } : { value: JSON.parse(text) as unknown, hash };
  return { family, key, version, ...content, changed, copy };
}
