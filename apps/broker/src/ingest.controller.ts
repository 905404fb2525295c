import { Controller } from '@nestjs/common';
import { GrpcStreamCall } from '@nestjs/microservices';
import type { sendUnaryData, ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js';
import type { Batch, BatchAck, UploadReply } from '@ringwatch/contracts';
import { Fault } from '@ringwatch/kernel';
import { Lifecycle } from '@ringwatch/service';
import { Ingest } from './ingest.ts';
import { servePushStream } from './push-stream.ts';

/** Acknowledgements that one Upload answers at most; the answer is a single message. */
const UPLOAD_BATCHES_MAX = 10_000;

/** The gRPC doors for reports. */
@Controller()
export class IngestController {
  constructor(
    private readonly ingest: Ingest,
    private readonly lifecycle: Lifecycle,
  ) {}

  @GrpcStreamCall('IngestService', 'Push')
  push(call: ServerDuplexStream<Batch, BatchAck>): Promise<void> {
    return servePushStream(call, this.ingest, this.lifecycle.signal);
  }

  @GrpcStreamCall('IngestService', 'Upload')
  async upload(
    call: ServerReadableStream<Batch, UploadReply>,
    answer: sendUnaryData<UploadReply>,
  ): Promise<void> {
    const acks: BatchAck[] = [];
    for await (const batch of call as AsyncIterable<Batch>) {
      if (acks.length >= UPLOAD_BATCHES_MAX)
        throw new Fault('out_of_range', `more than ${UPLOAD_BATCHES_MAX} batches`);
      acks.push(await this.ingest.storeBatch(batch));
    }
    answer(null, { acks });
  }
}
