export {
  IngestStream,
  POISON_ENDINGS_MAX,
  WAITING_MAX,
  type IngestState,
  type IngestStreamOptions,
} from './ingest-stream.ts';
export { ITEM_ATTEMPTS_MAX, type BatchResult, type Refusal } from './ingest-batch.ts';
export { BrokerQueries, type BrokerQueriesOptions, type QueryOptions } from './broker-queries.ts';
export { subscribe, type Cursor, type SubscribeOptions, type SubscriptionEvent } from './subscribe.ts';
export type { BreakerState } from './breaker.ts';
export { MESSAGE_BYTES_MAX, orderBrokers } from './channel.ts';
export { faultOfGrpc } from './grpc-fault.ts';
