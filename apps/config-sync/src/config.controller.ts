import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { ConfigStore } from '@ringwatch/config-store';
import type * as wire from '@ringwatch/contracts';
import { fromStored, fromWrite, parseValue } from './document-message.ts';

/** The gRPC door for documents. */
@Controller()
export class ConfigController {
  constructor(private readonly store: ConfigStore) {}

  @GrpcMethod('ConfigService', 'PutDocument')
  async putDocument({ family, key, valueJson, ifVersion }: wire.PutDocumentRequest): Promise<wire.Document> {
    const condition = ifVersion === undefined ? {} : { ifVersion };
    return fromWrite(await this.store.put(family, key, parseValue(valueJson), condition));
  }

  @GrpcMethod('ConfigService', 'GetDocument')
  async getDocument({ family, key }: wire.GetDocumentRequest): Promise<wire.Document> {
    return fromStored(await this.store.get(family, key));
  }

  @GrpcMethod('ConfigService', 'ListDocuments')
  async listDocuments({ family }: wire.ListDocumentsRequest): Promise<wire.ListDocumentsReply> {
    return { documents: (await this.store.list(family)).map(fromStored) };
  }

  @GrpcMethod('ConfigService', 'DeleteDocument')
  async deleteDocument({ family, key, ifVersion }: wire.DeleteDocumentRequest): Promise<wire.Document> {
    return fromWrite(await this.store.delete(family, key, ifVersion === undefined ? {} : { ifVersion }));
  }
}
