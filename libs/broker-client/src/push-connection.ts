/**
 * One `Push` stream to one broker: writes batches with HTTP/2's backpressure, hands acknowledgements on, ends
 * once.
 *
 * The keys of a schema travel once per connection; afterwards its hash is enough.
 */
import { credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { IngestServiceClient, type Batch, type BatchAck } from '@ringwatch/contracts';
import { Fault } from '@ringwatch/kernel';
import { toWire, type Report } from '@ringwatch/metrics';
import { CHANNEL_OPTIONS } from './channel.ts';
import { faultOfGrpc } from './grpc-fault.ts';

export interface PushListener {
  onAck(ack: BatchAck): void;
  /** There is room to write again. */
  onWritable(): void;
  /** Called once; nothing follows it. */
  onEnd(fault: Fault): void;
}

export class PushConnection {
  readonly broker: string;
  readonly #client: IngestServiceClient;
  readonly #call: ClientDuplexStream<Batch, BatchAck>;
  readonly #listener: PushListener;
  readonly #sentSchemas = new Set<string>();
  #writable = true;
  #ended = false;

  constructor(broker: string, listener: PushListener) {
    this.broker = broker;
    this.#listener = listener;
    this.#client = new IngestServiceClient(broker, credentials.createInsecure(), CHANNEL_OPTIONS);
    this.#call = this.#client.push();
    this.#call.on('data', (ack: BatchAck) => {
      if (!this.#ended) listener.onAck(ack);
    });
    this.#call.on('drain', () => {
      this.#writable = true;
      if (!this.#ended) listener.onWritable();
    });
    this.#call.on('error', (error) => this.end(faultOfGrpc(error)));
    this.#call.on('end', () => this.end(new Fault('unavailable', 'the broker ended the stream')));
  }

  /** False while the transport is full. */
  get writable(): boolean {
    return this.#writable && !this.#ended;
  }

  write(sequence: number, reports: readonly Report[]): void {
    const wire = toWire(reports, this.#sentSchemas);
    for (const { schema } of reports) this.#sentSchemas.add(schema.hash);
    this.#writable = this.#call.write({ sequence, ...wire });
  }

  /** The keys of `hash` go along with the next report that uses it. */
  forgetSchema(hash: string): void {
    this.#sentSchemas.delete(hash);
  }

  /** Gives the stream up. */
  end(fault: Fault): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#call.cancel();
    this.#client.close();
    this.#listener.onEnd(fault);
  }
}
